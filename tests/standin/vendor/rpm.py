# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages and repositories for dnf, by rpmbuild and createrepo_c."""

from __future__ import annotations

import itertools
import json
import platform
import re
import subprocess
import tempfile
from pathlib import Path

HEAD = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global __brp_mangle_shebangs %{{nil}}
%global _build_id_links none
Name: {name}
Version: {version}
Release: {release}
{epoch}Summary: made for tests of barellama.fleet
License: GPL-3.0-or-later
AutoReqProv: no
"""


def write_repository(folder, packages, key):
    """Write a repository whose packages and metadata the key has signed, for dnf and zypper."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for number, group in enumerate(_groups(packages)):
            _build(Path(scratch, str(number)), folder, group)
    found = sorted(folder.glob("*.rpm"))
    _run("rpmsign", "--define", f"_gpg_name {key.fingerprint}", "--define", f"_gpg_path {key.home}", "--addsign", *found)
    _run("createrepo_c", "--quiet", "--simple-md-filenames", folder)
    _sign(folder, key)


def add_streams(folder, name, streams, key):
    """Put a repository's packages into streams of a module, {stream: (names of packages, what their versions begin with)}."""
    there = _run("rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\n", *sorted(folder.glob("*.rpm")))
    packages = [line.split() for line in there.splitlines()]
    documents = [{"document": "modulemd", "version": 2, "data": {
        "name": name, "stream": stream, "version": 1, "context": "0", "arch": platform.machine(), "summary": name, "description": name,
        "license": {"module": ["MIT"]},
        "artifacts": {"rpms": [full for package, version, full in packages if package in names and version.startswith(start)]},
    }} for stream, (names, start) in streams.items()]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "modules.yaml")
        file.write_text("".join(f"---\n{json.dumps(document)}\n...\n" for document in documents))  # JSON is YAML
        _run("modifyrepo_c", "--mdtype=modules", "--simple-md-filenames", file, folder / "repodata")
    _sign(folder, key)


def _sign(folder, key):
    index = folder / "repodata/repomd.xml"
    index.with_suffix(".xml.asc").write_text(key.signature(index.read_text()))


def _groups(packages):
    """Packages of one version are built together, which is an rpmbuild for each version."""
    return [list(group) for _version, group in itertools.groupby(sorted(packages, key=_version), key=_version)]


def _version(package):
    return package.version


def _build(scratch, folder, packages):
    root = scratch / "root"
    for package in packages:
        for path, text in package.files.items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(package.mode(path))
    root.mkdir(parents=True, exist_ok=True)
    first, *others = packages
    epoch, version, release = re.fullmatch(r"(?:(\d+):)?(.+?)(?:-([^-]+))?", first.version).groups()
    spec = HEAD.format(name=first.name, version=version, release=release or "1", epoch=f"Epoch: {epoch}\n" if epoch else "")
    spec += _relations(first) + "%description\nmade for tests\n"
    spec += "".join(f"%package -n {each.name}\nSummary: made for tests\nAutoReqProv: no\n{_relations(each)}"
                    f"%description -n {each.name}\nmade for tests\n" for each in others)
    spec += f"%install\nmkdir -p %{{buildroot}}\ncp -a {root}/. %{{buildroot}}/\n"
    spec += "".join(f"%files -n {each.name}\n" + "".join(f"{path}\n" for path in each.files)
                    + (f"%post -n {each.name}\n{each.script}\n" if each.script else "") for each in packages)
    (scratch / "package.spec").write_text(spec)
    _run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {scratch}", "--define", f"_rpmdir {folder}",
         "--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", scratch / "package.spec")


def _relations(package):
    def said(relation):
        return re.sub(r"\s*\((>=|=)\s*(.+)\)", r" \1 \2", relation)

    return "".join(f"{word}: {said(relation)}\n" for word, relations in
                   (("Requires", package.depends), ("Provides", package.provides), ("Conflicts", package.conflicts)) for relation in relations)


def _run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
