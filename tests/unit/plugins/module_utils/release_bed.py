# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small release archives, and a root to install them in, for the tests of what makes up ollama_release."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

from ansible_collections.barellama.fleet.plugins.module_utils._archive import Zstd
from ansible_collections.barellama.fleet.plugins.module_utils._install import Order, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._release import Archive, Release
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import OVERLAYS
from ansible_collections.barellama.fleet.plugins.module_utils._release_source import HostFile, sources
from ansible_collections.barellama.fleet.tests.standin.faults import Fault
from ansible_collections.barellama.fleet.tests.standin.replies import Request
from ansible_collections.barellama.fleet.tests.standin.sites import Sites

ASSET = "ollama-linux-amd64.tar.zst"


def online(site, release, idle_timeout=5):
    """Sources of a release that is served by a Site."""
    return sources(None, site.base_url, release, idle_timeout)


def member(name, content=b"", mode=0o644, kind=tarfile.REGTYPE, target=""):
    """One member of an archive: (TarInfo, content)."""
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.linkname, info.size = mode, kind, target, len(content)
    info.uid = info.gid = 4711
    return info, content


def write_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def write_archive(path, members):
    """Write ``members`` to ``path``, compressed as its name says; returns the sha256."""
    tar = write_tar(str(path) + ".tar", members)
    program = ["zstd", "-q", "-c"] if str(path).endswith(".zst") else ["gzip", "-n", "-c"]
    with open(path, "wb") as stream:
        subprocess.run([*program, tar], stdout=stream, check=True)
    os.remove(tar)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def release_members(version, size=3000):
    """What a release holds: a program, libraries in two directories, a link between them."""
    noise = random.Random(version).randbytes(size)
    return [
        member("bin", mode=0o775, kind=tarfile.DIRTYPE),
        member("bin/ollama", b"#!/bin/sh\necho ollama version is " + version.encode() + b"\n" + noise, mode=0o775),
        member("lib/ollama/cuda_v13/libggml.so.1", noise, mode=0o600),
        member("lib/ollama/libggml.so", kind=tarfile.SYMTYPE, target="cuda_v13/libggml.so.1", mode=0o777),
    ]


def overlay_members(version, name):
    """What an overlay holds: a library of its own, and a link to one of the release."""
    folder = OVERLAYS[name][1].rstrip("/")
    return [
        member(f"{folder}/libggml-{name}.so", f"{name} of {version}".encode()),
        member(f"{folder}/libggml.so.1", kind=tarfile.SYMTYPE, target="../cuda_v13/libggml.so.1", mode=0o777),
    ]


def host_zstd():
    def run(command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return Zstd(shutil.which, run)


class Bed:
    """A root, and archives for it below ``folder``, which a download site may serve."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / "root" / "ollama"

    def archive(self, version, members=None, asset="ollama-linux-amd64.tgz", size=3000):
        """Make the archive of a version; returns its Release."""
        path = self.path(version, asset)
        path.parent.mkdir(parents=True, exist_ok=True)
        return Release(version, asset, write_archive(path, members or release_members(version, size)))

    def path(self, version, asset="ollama-linux-amd64.tgz"):
        return self.folder / "releases" / f"v{version}" / asset

    def overlay(self, release, name, members=None):
        """Make an overlay for a release; returns the Release with it."""
        asset = release.asset.replace(".", f"-{name}.", 1)
        members = members or overlay_members(release.version, name)
        overlay = Archive(name, asset, write_archive(self.path(release.version, asset), members))
        return release._replace(overlays=(*release.overlays, overlay))

    def order(self, release, state="present", sources=None, verify=False):
        paths = [str(self.path(release.version, archive.asset)) for archive in release.archives]
        return Order(str(self.root), state, release, sources or [HostFile(path) for path in paths], verify)

    def run(self, release, state="present", sources=None, check=False, verify=False, **options):
        return reconcile(self.order(release, state, sources, verify), host_zstd(), check, **options)

    def roll_back(self, check=False):
        return reconcile(Order(str(self.root), "rolled_back"), host_zstd(), check)

    def prove(self, check=False):
        return reconcile(Order(str(self.root), "proven"), host_zstd(), check)

    def links(self):
        """(current, previous) as they are written on disk."""
        return self._leads_to("current"), self._leads_to("previous")

    def proven(self):
        return self._leads_to("proven")

    def _leads_to(self, name):
        path = self.root / name
        return os.readlink(path).replace("releases/", "") if path.is_symlink() else None

    def names(self):
        """Every path below the root, for comparing."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")) if self.root.exists() else []


class Site:
    """A download site that runs while a test does; ``fail`` tells it what goes wrong, for releases only."""

    def __init__(self, folder):
        self._sites = Sites(folder / "registry", folder / "releases")
        self.base_url = f"http://{self._sites.address}/releases"

    def fail(self, *faults):
        self._sites.faults.replace([Fault.parse(dict(fault, path="/releases/*")) for fault in faults])

    def asked(self, method="GET"):
        """(range, status, bytes sent) of each request so far."""
        lines = self._sites.journal.control(Request("GET", "/_requests", "", {}, b"", "http")).body.splitlines()
        entries = [json.loads(line) for line in lines]
        return [(each["range"], each["status"], each["sent"]) for each in entries if each["method"] == method]

    def close(self):
        # What a fault holds up goes on, so that no thread outlives the test.
        self.fail()
        self._sites.close()
