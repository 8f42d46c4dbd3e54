# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The record that a release directory keeps of itself, and two ways to hold the directory against it.

``faults`` looks names, sizes and modes up and is cheap enough for every run. ``damage`` reads and hashes every file,
some gigabytes, and finds what nobody else would: a byte that turned, a library that was put beside the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat

from ansible_collections.barellama.fleet.plugins.module_utils._release_names import SHA256, VERSION

RECORD = ".release.json"
CHUNK = 1 << 20
FOR_ALL = 0o055
PROGRAM, DATA = 0o755, 0o644


def record_of(release, tree, sums):
    """The record of ``release``, a Release, as it was unpacked below ``tree``; ``sums`` are those of its files."""
    shapes = {path: os.lstat(os.path.join(tree, path)) for path in sums}
    return {
        "version": release.version,
        "sha256": release.sha256,
        "asset": release.asset,
        "overlays": release.overlay_sums,
        "files": sums,
        "sizes": {path: shape.st_size for path, shape in shapes.items()},
        "programs": sorted(path for path, shape in shapes.items() if shape.st_mode & 0o100),
        "links": {path: os.readlink(os.path.join(tree, path)) for path in sorted(set(members(tree)) - set(sums))},
    }


def members(tree):
    """The relative paths of all files and links below ``tree``, the record apart."""
    for folder, directories, files in os.walk(tree):
        names = files + [name for name in directories if os.path.islink(os.path.join(folder, name))]
        for path in (os.path.relpath(os.path.join(folder, name), tree) for name in names):
            if path != RECORD:
                yield path


def read_record(path):
    """The record of a release directory, or None where it is missing or unreadable as one.

    One written before there were overlays says less: nothing of sizes, modes and links.
    """
    try:
        with open(os.path.join(path, RECORD), encoding="utf-8") as stream:
            record = {"overlays": {}, "sizes": {}, "programs": [], "links": {}, **json.load(stream)}
        sums = [record["sha256"], *record["overlays"].values()]
        sound = VERSION.fullmatch(record["version"]) and all(map(SHA256.fullmatch, sums))
        sound = sound and isinstance(record["programs"], list)
        sound = sound and all(isinstance(record[field], dict) for field in ("files", "sizes", "links"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if sound else None


def faults(path, record):
    """The relative paths below ``path`` that are not as ``record`` says, as far as their names, sizes and modes tell."""
    found = [] if os.stat(path).st_mode & FOR_ALL == FOR_ALL else ["."]
    return found + sorted(
        [name for name in record["files"] if not _has_shape(path, name, record)]
        + [name for name, target in record["links"].items() if _target(path, name) != target]
    )


def damage(path, record):
    """``faults`` and what only a look at every byte and every name finds."""
    found = set(faults(path, record))
    whole = [name for name in record["files"] if name not in found]
    found.update(name for name in whole if file_sha256(os.path.join(path, name)) != record["files"][name])
    if record["sizes"]:
        found.update(set(members(path)).difference(record["files"], record["links"]))
    return sorted(found)


def _has_shape(path, name, record):
    """Whether the file is there; where the record knows more, whether it is a file of that size and mode."""
    try:
        shape = os.lstat(os.path.join(path, name))
    except OSError:
        return False
    if name not in record["sizes"]:
        return True
    mode = PROGRAM if name in record["programs"] else DATA
    return (shape.st_mode, shape.st_size) == (stat.S_IFREG | mode, record["sizes"][name])


def _target(path, name):
    try:
        return os.readlink(os.path.join(path, name))
    except OSError:
        return None


def file_sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
