# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Where Docker's own packages and NVIDIA's container toolkit come from, as the role vendor_repo wants to be told. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
DOCKER = "https://download.docker.com/linux"
TOOLKIT = "https://nvidia.github.io/libnvidia-container"
FINGERPRINTS = {
    "apt": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "dnf": "060A61C51B558A7F742B77AAC52FEB6B621E9F35",
    "toolkit": "C95B321B61E88C1809C4F759DDCAE044F796ECB0",
}
# The same repository under older names, which apt would not accept beside it.
OLDER = [f"/etc/apt/sources.list.d/{name}.list" for name in
         ("libnvidia-container", "nvidia-container-runtime", "nvidia-container-toolkit", "nvidia-docker")]


def docker(found, own):
    """``own`` are the operator's words on it, such as the address of a mirror."""
    name, version = found["system"]
    fields = {"name": "docker", "url": f"{DOCKER}/{name}", "key_fingerprints": [FINGERPRINTS[found["manager"]]]}
    if found["manager"] == "apt":
        fields.update(suites=[found["codename"]], components=["stable"])
    else:
        name = "rhel" if name == "el" else name
        fields.update(url=f"{DOCKER}/{name}/{version[0] if version else ''}/{found['machine']}/stable")
    return _repository({"key_url": f"{DOCKER}/{name}/gpg", **fields}, own)


def toolkit(found, own, version):
    """The version is the pin of all four packages."""
    fields = {"name": "nvidia-container-toolkit", "key_url": f"{TOOLKIT}/gpgkey", "key_fingerprints": [FINGERPRINTS["toolkit"]], "signed": "metadata",
              "pins": [{"packages": list(packages.TOOLKIT), "version": f"{version}-1"}]}
    if found["manager"] == "apt":
        architecture = ARCHITECTURES.get(found["machine"], found["machine"])
        fields.update(url=f"{TOOLKIT}/stable/deb/{architecture}", suites=["./"], obsolete=OLDER)
    else:
        fields.update(url=f"{TOOLKIT}/stable/rpm/{found['machine']}")
    return _repository(fields, own)


def _repository(fields, own):
    empty = {"suites": [], "components": [], "key": "", "signed": "packages", "pins": [], "obsolete": []}
    fields = {**empty, **fields, **own}
    return {**fields, "key_url": ""} if fields["key"] else fields
