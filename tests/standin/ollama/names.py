# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Model names: ``[scheme://][host/][namespace/]model[:tag]`` with upstream's defaults."""

from __future__ import annotations

import re
from collections import namedtuple

from .errors import GoError

DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG = "registry.ollama.ai", "library", "latest"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\Z")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\Z")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}\Z")


class Name(namedtuple("Name", "host namespace model tag")):
    """A complete, valid name; equal parts in another letter case make the same model."""

    __slots__ = ()

    @property
    def full(self):
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self):
        """The form for people: host and namespace left out where they are the defaults."""
        text = f"{self.model}:{self.tag}"
        if self.host != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{text}"
        return text if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/{text}"

    @property
    def folded(self):
        return tuple(part.lower() for part in self)


def parse(text):
    """Return the Name that ``text`` means; GoError "invalid model name" (400) otherwise."""
    rest = text.split("://", 1)[-1]
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        path, tag = rest, DEFAULT_TAG
    parts = path.split("/")
    if len(parts) > 3:
        raise invalid()
    host, namespace, model = ([DEFAULT_HOST, DEFAULT_NAMESPACE] + parts)[-3:] if len(parts) < 3 else parts
    if len(parts) == 2:
        host, namespace = DEFAULT_HOST, parts[0]
    if not (_HOST.match(host) and _NAMESPACE.match(namespace) and _PART.match(model) and _PART.match(tag)):
        raise invalid()
    return Name(host, namespace, model, tag)


def referenced(text):
    """Like parse, but a last ``:local`` says where to run the model and is no part of its name."""
    return parse(text[:-6] if text.endswith(":local") else text)


def is_cloud(text):
    """True for a name whose tag says that the model runs elsewhere."""
    tag = text.rpartition(":")[2] if ":" in text else ""
    return tag == "cloud" or tag.endswith("-cloud")


def invalid():
    return GoError("invalid model name", 400)
