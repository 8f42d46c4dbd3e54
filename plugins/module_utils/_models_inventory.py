# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What a server has, for people and programs. No I/O."""

from __future__ import annotations


def inventory(listed, loaded):
    """The models as a list of dicts sorted by name, from what /api/tags and /api/ps say."""
    in_memory = {entry["name"]: entry for entry in loaded}
    return [
        {
            "name": entry["name"],
            "digest": entry["digest"],
            "size": entry.get("size"),
            "capabilities": entry.get("capabilities") or [],
            "details": entry.get("details") or {},
            "loaded": _residence(in_memory.get(entry["name"])),
        }
        for entry in sorted(listed, key=lambda entry: entry["name"])
    ]


def _residence(entry):
    if entry is None:
        return None
    size, vram = entry.get("size") or 0, entry.get("size_vram") or 0
    return {
        "size": size,
        "size_vram": vram,
        "vram_share": round(vram / size, 3) if 0 <= vram <= size and size else None,
        "context_length": entry.get("context_length"),
        "expires_at": entry.get("expires_at"),
    }
