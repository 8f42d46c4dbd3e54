# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Unpacks an archive that nobody has to trust.

A member may become a directory, a file or a link below the given directory, once: what names a place outside, would
be written through a link, is a device or asks for another user's rights is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib

from ansible_collections.barellama.fleet.plugins.module_utils._durable import flush, flush_directory, make_directories
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release_record import RECORD

CHUNK = 1 << 20
GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
OTHER_RIGHTS = 0o6000
DIRECTORY, FILE, LINK = "directory", "file", "link"


class Zstd:
    """The distribution's zstd program; ``find`` and ``run`` are AnsibleModule's get_bin_path and run_command.

    Python below 3.14 cannot read zstd, and a module cannot stream a program's output without starting it behind
    Ansible's back. So the plain tar exists on disk for a moment, and its size tells exactly what is needed.
    """

    def __init__(self, find, run):
        self._find = find
        self._run = run

    def demand(self):
        """The path of the program, or an error that names the package."""
        path = self._find("zstd")
        if not path:
            raise FleetError(
                "zstd is not on this host and the archive needs it: install the distribution's package zstd"
            )
        return path

    def decompress(self, archive, tar):
        code, _output, complaint = self._run([self.demand(), "-d", "-q", "-f", "-o", tar, archive])
        if code:
            raise FleetError(f"zstd cannot unpack {archive} ({complaint.strip() or code}): mend this and run again")


def decompress(archive, tar, zstd):
    """Write the plain tar inside ``archive``, which is zstd's or gzip's by its first bytes, to ``tar``."""
    with open(archive, "rb") as stream:
        magic = stream.read(len(ZSTD_MAGIC))
    if magic == ZSTD_MAGIC:
        zstd.decompress(archive, tar)
    elif magic.startswith(GZIP_MAGIC):
        try:
            with gzip.open(archive) as source, open(tar, "wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FleetError(f"{archive} is damaged ({error}): bring it to the host again") from None
    else:
        raise FleetError(f"{archive} is neither zstd nor gzip: give the .tar.zst or .tgz of an Ollama release")


class Tree:
    """An empty directory that archives are unpacked into, none of which may replace what another has brought."""

    def __init__(self, path):
        self._path = path
        self._rules = MemberRules()
        self.sums = {}

    def unpack(self, tar):
        """Unpack the plain ``tar``; returns the relative paths of what is no directory.

        Modes become 0755 or 0644; under root all belongs to root. ``sums`` gains {relative path: sha256} of the files.
        """
        before = len(self._rules.paths(FILE, LINK))
        try:
            with tarfile.open(tar, "r:") as archive:
                for member in archive:
                    _make(archive, member, self._path, self._rules.admit(member), self.sums)
        except tarfile.TarError as error:
            raise FleetError(f"the archive is damaged ({error}): bring it to the host again") from None
        return self._rules.paths(FILE, LINK)[before:]

    def seal(self):
        """Once everything is unpacked: refuse links that lead out, and flush the directories to disk."""
        for path in self._rules.paths(LINK):
            _demand_inside(self._path, path)
        for path, _directories, _files in os.walk(self._path, topdown=False):
            flush_directory(path)


class MemberRules:
    """Decides what may be unpacked, from the member at hand and those before it. Touches no disk."""

    def __init__(self):
        self._kinds = {"": DIRECTORY}

    def paths(self, *kinds):
        return [path for path, found in self._kinds.items() if found in kinds]

    def admit(self, member):
        """Return the relative path that ``member`` may be made at ("" for the archive's top), or refuse it."""
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if member.name.startswith("/"):
            raise _refusal(member.name, "is an absolute path")
        if ".." in parts:
            raise _refusal(member.name, "climbs out with '..'")
        if member.mode & OTHER_RIGHTS:
            raise _refusal(member.name, "is setuid or setgid")
        if parts[:1] == [RECORD]:
            raise _refusal(member.name, "takes the name of the release's own record")
        self._demand_real_parents(member, parts)
        kind = self._kind(member)
        if path in self._kinds and (kind, self._kinds[path]) != (DIRECTORY, DIRECTORY):
            raise _refusal(member.name, "would replace another member")
        self._kinds[path] = kind
        return path

    def _demand_real_parents(self, member, parts):
        for depth in range(1, len(parts)):
            if self._kinds.setdefault("/".join(parts[:depth]), DIRECTORY) != DIRECTORY:
                raise _refusal(member.name, "would be written through a link or a file")

    def _kind(self, member):
        if member.isdir():
            return DIRECTORY
        if member.issym():
            return LINK
        if member.isreg() and not member.issparse():
            return FILE
        if not member.islnk():
            raise _refusal(member.name, "is a device, a pipe, a sparse file or something else that is no plain file")
        if self._kinds.get(os.path.normpath(member.linkname)) != FILE:
            raise _refusal(member.name, f"is a hard link to {member.linkname!r}, which is no file of the archive")
        return FILE


def _refusal(name, reason):
    return FleetError(f"archive member {name!r} {reason}: nothing was installed; check where the archive is from")


def _make(archive, member, tree, path, sums):
    target = os.path.join(tree, path)
    make_directories(target if member.isdir() else os.path.dirname(target))
    if member.issym():
        os.symlink(member.linkname, target)
    elif member.islnk():
        source = os.path.normpath(member.linkname)
        os.link(os.path.join(tree, source), target)
        sums[path] = sums[source]
    elif member.isreg():
        sums[path] = _write(archive.extractfile(member), target, member)


def _write(source, target, member):
    """Copy one file to disk; returns its sha256. O_EXCL and O_NOFOLLOW hold even if the rules above had a hole."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(descriptor, "wb") as stream:
        for chunk in iter(lambda: source.read(CHUNK), b""):
            digest.update(chunk)
            stream.write(chunk)
            size += len(chunk)
        if size != member.size:
            raise FleetError(f"the archive is damaged: {member.name!r} ends early; bring it to the host again")
        os.fchmod(descriptor, 0o755 if member.mode & 0o100 else 0o644)
        flush(stream)
    return digest.hexdigest()


def _demand_inside(tree, path):
    """Refuse a link that leads out of the tree, however many links it takes on the way."""
    link = os.readlink(os.path.join(tree, path))
    tree = os.path.realpath(tree)
    goal = os.path.realpath(os.path.join(tree, path))
    if os.path.isabs(link) or os.path.commonpath([tree, goal]) != tree:
        raise _refusal(path, f"is a link out of the release, to {link!r}")
