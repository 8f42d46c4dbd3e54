# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""How messages show what an operator wrote, and what was probably meant."""

from __future__ import annotations

import re

from ansible.module_utils.parsing.convert_bool import boolean

SECRET_NAME = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
CREDENTIALS_IN_URL = re.compile(r"//[^/@\s]*@")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LONGEST_SHOWN = 60


def shown(value, name=""):
    """``value`` as one short piece of a line; hidden when it, or the variable's name, looks like a credential."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return _cut(f"[{', '.join(_item_shown(item, name) for item in value)}]")
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    return "'***'" if SECRET_NAME.search(name) else f"'{_printable(value)}'"


def _item_shown(item, name):
    return "a list" if isinstance(item, (list, tuple)) else shown(item, name)


def _printable(text):
    text = without_credentials(text)
    return _cut(CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text))


def _cut(text):
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def without_credentials(text):
    return CREDENTIALS_IN_URL.sub("//***@", text)


def has_credentials(url):
    return bool(CREDENTIALS_IN_URL.search(url))


def nearest(word, words):
    """The one of ``words`` that ``word`` is probably a slip of, or None."""
    import difflib  # only for an error, and not quick to read

    found = difflib.get_close_matches(word, words, n=1, cutoff=0.75)
    return found[0] if found else None


def did_you_mean(word, words):
    """"; did you mean X?" or nothing."""
    meant = nearest(word, words)
    return f"; did you mean {meant}?" if meant else ""


def text(value):
    """A text, or a number as it was written; nothing of anything else, as Python refuses to write out the longest numbers."""
    return str(value) if isinstance(value, (str, float)) or isinstance(value, int) and abs(value) < 10**9 else ""


def truth(value):
    """What Ansible takes a value for where it wants true or false; None where it is neither."""
    try:
        return boolean(value)
    except TypeError:
        return None
