# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds all repositories of the README's table below a folder, with keys that are made for it.

    python3 -m tests.standin.vendor.build --out DIR

It takes gpg, rpmbuild, rpmsign and createrepo_c; tools/vendor runs it where these are.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
from pathlib import Path

from . import deb, nvidia, others, rpm
from .package import Package
from .signing import Key

MACHINE = platform.machine()
DEB = {"x86_64": "amd64", "aarch64": "arm64"}[MACHINE]
CUDA = {"x86_64": "x86_64", "aarch64": "sbsa"}[MACHINE]
KEYS = {"cuda": "NVIDIA CUDA", "toolkit": "NVIDIA container toolkit", "rocm": "AMD ROCm"}


def build(out):
    with tempfile.TemporaryDirectory() as home:
        keys = {name: Key(Path(home), f"Mock of {about}") for name, about in KEYS.items()}
        for name, key in keys.items():
            (out / "keys").mkdir(parents=True, exist_ok=True)
            (out / f"keys/{name}.asc").write_text(key.public)
        (out / "fingerprints.json").write_text(json.dumps({name: key.fingerprint for name, key in keys.items()}, indent=2) + "\n")
        _for_apt(out, keys)
        _for_dnf(out, keys)
        _lay_keys(out, keys)


def _for_apt(out, keys):
    for system, packages in (("debian12", nvidia.debian), ("debian13", nvidia.debian), ("ubuntu2404", nvidia.ubuntu)):
        deb.write_repository(out / f"cuda/{system}/{CUDA}", list(packages()), DEB, keys["cuda"])
    deb.write_repository(out / f"toolkit/stable/deb/{DEB}", list(others.toolkit(deb=True)), DEB, keys["toolkit"])
    for release, _module, _version in others.AMDGPU:
        packages = list(others.amdgpu(release, ".24.04"))
        deb.write_repository(out / f"amdgpu/{release}/ubuntu", packages, DEB, keys["rocm"], {"noble": "main"})
    deb.write_repository(out / "rocm/apt/7.2.4", list(others.amd_tools()), DEB, keys["rocm"], {"noble": "main"})
    deb.write_repository(out / "amd-container-toolkit/apt", [Package("amd-container-toolkit", "1.3.0")], DEB, keys["rocm"], {"noble": "main"})
    deb.write_repository(out / "ubuntu", list(others.ubuntu_archive()), DEB, suites={"noble": "main"})
    whole = out / f"cuda/debian13/{CUDA}"
    shutil.copytree(whole, out / "tampered/apt")
    _spoil(out / "tampered/apt/InRelease", "Origin: barellama", "Origin: Barellama")


def _for_dnf(out, keys):
    plain = out / f"cuda/rhel10/{CUDA}"
    rpm.write_repository(plain, list(nvidia.enterprise_linux()), keys["cuda"])
    for system in ("fedora44", "rhel9", "rhel8"):
        shutil.copytree(plain, out / f"cuda/{system}/{CUDA}")
    for system in ("rhel9", "rhel8"):
        rpm.add_streams(out / f"cuda/{system}/{CUDA}", "nvidia-driver", nvidia.streams(), keys["cuda"])
    rpm.write_repository(out / f"toolkit/stable/rpm/{MACHINE}", list(others.toolkit(deb=False)), keys["toolkit"])
    release = others.AMDGPU[1][0]
    rpm.write_repository(out / f"amdgpu/{release}/el/9/main/{MACHINE}", list(others.amdgpu(release, "")), keys["rocm"])
    rpm.write_repository(out / f"el/9/{MACHINE}", list(others.enterprise_base()), keys["cuda"])
    rpm.write_repository(out / f"cuda/sles15/{CUDA}", list(nvidia.suse()), keys["cuda"])
    rpm.write_repository(out / f"sles/15/{MACHINE}", list(others.suse_base()), keys["cuda"])
    shutil.copytree(out / f"toolkit/stable/rpm/{MACHINE}", out / "tampered/dnf")
    _spoil(out / "tampered/dnf/repodata/repomd.xml", "<revision>", "<revision>1")


def _lay_keys(out, keys):
    """Where the vendors have them."""
    places = {f"cuda/{system}/{CUDA}/{file}": "cuda" for file, systems in (
        ("3bf863cc.pub", ("debian12", "ubuntu2404")), ("8793F200.pub", ("debian13",)),
        ("D42D0685.pub", ("rhel8", "rhel9", "rhel10", "fedora44", "sles15")),
    ) for system in systems}
    for place, name in {**places, "rocm/rocm.gpg.key": "rocm"}.items():
        (out / place).write_text(keys[name].public)


def _spoil(path, old, new):
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.standin.vendor.build", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
