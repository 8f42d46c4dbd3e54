# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Model names as Ollama reads them: [scheme://][host/][namespace/]model[:tag]."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._words import has_credentials, shown

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

FORM = "write [host/][namespace/]model[:tag], for example llama3.2:1b"
LONGEST = {"host": 350, "namespace": 80, "model": 80, "tag": 80}
ALLOWED = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*"),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*"),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*"),
}
SCHEME = re.compile(r"https?://")
LOCAL = re.compile(r":local$", re.IGNORECASE)
CLOUD = re.compile(r":(?:[^/]*[:-])?cloud$", re.IGNORECASE)


class BadName(FleetError):
    """A text that is no model name, or one that must not be managed; says why and what to write."""

    def __init__(self, text, reason):
        told = repr(text)
        if has_credentials(told):
            told = shown(text)
        super().__init__(f"model name {told if len(told) <= 100 else told[:97] + '...'}: {reason}")


@dataclass(frozen=True, eq=False)
class ModelName:
    """One model's full name. Equal when the parts are equal without regard to case, as Ollama looks them up."""

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, text):
        """The name that Ollama reads in ``text``; BadName where Ollama would call it invalid.

        A scheme is dropped, as pulls drop it: only ``insecure`` decides between http and https.
        """
        if not isinstance(text, str) or not text:
            raise BadName(text, f"a name is a text that is not empty; {FORM}")
        if "@" in text:
            raise BadName(text, "Ollama knows no digest in a name; leave out what follows the '@' and give a tag")
        path, tag = _cut_tag(SCHEME.sub("", text, count=1))
        parts = path.split("/")
        if SCHEME.match(text) and len(parts) != 3:
            raise BadName(text, "a scheme needs host, namespace and model; write host/namespace/model[:tag]")
        _check_parts(text, parts, tag)
        return cls(*[DEFAULT_HOST, DEFAULT_NAMESPACE][:3 - len(parts)], *parts, tag)

    @classmethod
    def manageable(cls, text):
        """As ``parse``, but refuses the names that Ollama reads as something other than they say."""
        if isinstance(text, str) and LOCAL.search(text):
            raise BadName(text, f"Ollama drops ':local' and would act on {shown(text[:-6])} instead; use another tag")
        if isinstance(text, str) and CLOUD.search(text):
            raise BadName(text, "a cloud model runs on ollama.com and not on this host; use a tag without 'cloud'")
        return cls.parse(text)

    @property
    def key(self):
        """What two spellings of one model have in common."""
        return tuple(part.casefold() for part in (self.host, self.namespace, self.model, self.tag))

    def __eq__(self, other):
        return isinstance(other, ModelName) and self.key == other.key

    def __hash__(self):
        return hash(self.key)

    def __str__(self):
        """The short form that Ollama lists: default host and namespace left out, the tag always there."""
        if self.host.casefold() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"
        if self.namespace.casefold() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"


def _cut_tag(text):
    """A colon after the last slash begins the tag; one before it belongs to the host's port."""
    head, slash, last = text.rpartition("/")
    model, colon, tag = last.rpartition(":")
    return (f"{head}{slash}{model}", tag) if colon else (text, DEFAULT_TAG)


def _check_parts(text, parts, tag):
    if len(parts) == 2 and ":" in parts[0] and ALLOWED["host"].fullmatch(parts[0]):
        raise BadName(text, f"after a host Ollama wants a namespace too; write {parts[0]}/library/{parts[1]}")
    kinds = ["host"] * max(0, len(parts) - 3) + ["host", "namespace", "model"][-len(parts):]
    for kind, part in list(zip(kinds, parts)) + [("tag", tag)]:
        if not part:
            raise BadName(text, f"the {kind} is empty; {FORM}")
        if not ALLOWED[kind].fullmatch(part):
            raise BadName(text, f"invalid characters in the {kind} {part[:40]!r}; {FORM}")
        if len(part) > LONGEST[kind]:
            raise BadName(text, f"the {kind} has {len(part)} characters, at most {LONGEST[kind]} are allowed")
    if len(parts) > 3:
        raise BadName(text, f"it has {len(parts)} parts between slashes, at most 3 are allowed; {FORM}")
