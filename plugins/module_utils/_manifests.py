# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a model consists of, read from its manifest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")


class BadManifest(FleetError):
    """The bytes are no manifest."""


@dataclass(frozen=True)
class Manifest:
    """One model's content.

    ``digest`` is the sha256 of the manifest's bytes in bare hex, as /api/tags shows it. ``blobs`` are the pairs
    (digest in bare hex, size in bytes) of config and layers, each blob once; None where only the digest is known:
    from /api/tags, or from a manifest list, whose children are manifests of their own.
    """

    digest: str
    blobs: frozenset | None = None

    @classmethod
    def parse(cls, body):
        """The manifest in ``body`` (bytes as the registry sent them or the store keeps them)."""
        try:
            content = json.loads(body)
            is_list = "manifests" in content
            parts = [] if is_list else [content["config"], *content["layers"]]
            blobs = frozenset((_bare(part["digest"]), _size(part["size"])) for part in parts)
        except RecursionError as error:
            raise BadManifest("not a model's manifest (nested too deeply)") from error
        except (ValueError, TypeError, KeyError) as error:
            raise BadManifest(f"not a model's manifest ({type(error).__name__}: {error})") from error
        return cls(hashlib.sha256(body).hexdigest(), None if is_list else blobs)

    def same_content(self, other):
        """True when both hold the same model.

        The digest decides. Servers before 0.19.0 wrote manifests in their own form, so that equal content has another
        digest: then the sets of blobs decide, where both are known.
        """
        if self.digest == other.digest:
            return True
        return self.blobs is not None and self.blobs == other.blobs


def _bare(digest):
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"digest {digest!r}")
    return digest[7:]


def _size(value):
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"size {value!r}")
    return value
