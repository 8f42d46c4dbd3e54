# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What differs, as Ansible's ``--diff`` shows it: values in words, contents as text. No I/O."""

from __future__ import annotations

import hashlib
import re

from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import name_of
from ansible_collections.barellama.fleet.plugins.module_utils._record import MARKER
from ansible_collections.barellama.fleet.plugins.module_utils._words import has_credentials

# Longer texts are compared all the same, but shown as a digest.
SHOWN_BYTES = 100_000

ASSIGNMENT = re.compile("^([^=\n]*=)(.+)$", re.MULTILINE)
# Digests by which definitions are told apart are for programs.
DIGESTS = re.compile(rf"^{MARKER}=.*\n?|\s*<key>{MARKER}</key>\s*<string>[^<]*</string>", re.MULTILINE)
PLIST = re.compile("(<key>([^<]*)</key>\\s*<string>)([^<]+)")
# A name with one of these among its words, also inside a line such as Environment="API_KEY=...".
SECRET = re.compile(r"(?<![a-z0-9])(?:token|secret|password|passwd|key)(?:_\w*)?[ \t]*=", re.IGNORECASE)


def entries(item, found, wanted, fields):
    """Entries for a thing of which ``fields`` differ: a file's content under its path, all other fields together.

    Of a thing that is absent nothing is shown before, and all that is wanted of it after. Digests of definitions decide,
    but are not shown.
    """
    absent = found["state"] == "absent" and "state" in fields
    passed_over = {"content", *(("definition", "started_from") if absent or item["kind"] == "record" else ())}
    rest = [field for field in (wanted if absent else fields) if field not in passed_over]
    if rest:
        before = "" if absent else _lines(found, rest)
        yield _entry(f"{item['kind']} {name_of(item)}", before, _lines(wanted, rest))
    if "content" in wanted and found.get("content") != wanted["content"]:
        before, after = _readable(found.get("content", b""), wanted["content"])
        if before != after:
            yield _entry(item["path"], before, after)


def word(value):
    """A field's value as a person reads it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) or "none" if isinstance(value, (list, dict)) else value


def as_text(content):
    """Bytes as text; None where they are something else."""
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def _entry(header, before, after):
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _lines(values, fields):
    shown = {**values, "started_from": "this definition"} if MARKER in str(values.get("started_from")) else values
    return "".join(f"{field}: {word(shown[field])}\n" for field in fields)


def _readable(*contents):
    """Both contents as text without secrets, or both as size and digest when either is no text or too long to read."""
    texts = [as_text(content) if len(content) <= SHOWN_BYTES else None for content in contents]
    return [_digest(content) for content in contents] if None in texts else [_without_secrets(DIGESTS.sub("", text)) for text in texts]


def _without_secrets(text):
    if text.startswith("<?xml"):
        return PLIST.sub(lambda entry: entry[1] + _without_secret(f"{entry[2]}=", entry[3]), text)
    return ASSIGNMENT.sub(lambda line: line[1] + _without_secret(*line.groups()), text)


def _without_secret(name, value):
    """The value of the assignment ``name``, as a digest where it is a secret, so that another secret is another line."""
    if SECRET.search(name + value) or has_credentials(value):
        return f"<hidden, sha256 {hashlib.sha256(value.encode()).hexdigest()[:8]}>"
    return value


def _digest(content):
    return f"{len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}\n" if content else ""
