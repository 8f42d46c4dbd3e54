# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages and repositories for apt, written without any tool of Debian's."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import time
from email.utils import formatdate

MARK = "made for tests of barellama.fleet"


def write_repository(folder, packages, architecture, key=None, suites=None):
    """Write a flat repository, or one with ``suites`` {suite: component}, all of which have all packages; without a key nobody signs it."""
    folder.mkdir(parents=True, exist_ok=True)
    pool = "pool/" if suites else "./"
    index = "".join(_add(folder, pool, package, architecture) for package in packages)
    for suite, component in (suites or {".": ""}).items():
        place = folder / "dists" / suite if suites else folder
        name = f"{component}/binary-{architecture}/Packages" if suites else "Packages"
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(index)
        (place / f"{name}.gz").write_bytes(gzip.compress(index.encode(), mtime=0))
        release = _release(place, [name, f"{name}.gz"], suite, component, architecture)
        (place / "Release").write_text(release)
        if key:
            (place / "InRelease").write_text(key.clearsigned(release))


def _add(folder, pool, package, architecture):
    """Write one package's file and return its entry of the index."""
    architecture = "all" if package.everywhere else architecture
    control = _control(package, architecture)
    archive = _archive({"debian-binary": b"2.0\n", "control.tar.gz": _tar({"./control": (control, 0o644), **_scripts(package)}),
                        "data.tar.gz": _tar({f".{path}": (text, package.mode(path)) for path, text in package.files.items()})})
    path = f"{pool}{package.name}_{package.version.split(':')[-1]}_{architecture}.deb"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(archive)
    return f"{control}Filename: {path}\nSize: {len(archive)}\nSHA256: {hashlib.sha256(archive).hexdigest()}\n\n"


def _control(package, architecture):
    fields = {"Package": package.name, "Version": package.version, "Architecture": architecture, "Maintainer": f"{MARK} <root@localhost>",
              "Depends": ", ".join(package.depends), "Provides": ", ".join(package.provides), "Conflicts": ", ".join(package.conflicts),
              "Description": MARK}
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _scripts(package):
    written = {"./postinst": ("configure", package.script), "./prerm": ("remove|upgrade", package.removal)}
    return {name: (f"#!/bin/sh\nset -e\ncase $1 in {when}) ;; *) exit 0;; esac\n{text}\n", 0o755) for name, (when, text) in written.items() if text}


def _tar(files):
    """The folders on the way to the files belong to it too."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
        folders = {"./"} | {"/".join(path.split("/")[:depth]) + "/" for path in files for depth in range(2, path.count("/") + 1)}
        for path in sorted(folders):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, (text, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), mode
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(written.getvalue(), mtime=0)


def _archive(members):
    packed = b"!<arch>\n"
    for name, content in members.items():
        packed += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
    return packed


def _release(place, names, suite, component, architecture):
    fields = {"Origin": "barellama-mock", "Label": "barellama-mock", "Suite": suite, "Codename": suite, "Components": component,
              "Architectures": architecture, "Date": formatdate(time.time(), usegmt=True)}
    sums = "".join(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}\n"
                   for name in names for content in [(place / name).read_bytes()])
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value) + f"SHA256:\n{sums}"
