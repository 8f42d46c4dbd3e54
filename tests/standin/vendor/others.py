# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes beside NVIDIA's drivers: its container toolkit, AMD's packages, and the systems' own that drivers ask for."""

from __future__ import annotations

from .nvidia import PROGRAMS, REPLAY, dkms
from .package import Package

# The oldest has the known hole, and only since 1.18 do units keep the CDI spec fresh.
TOOLKITS = ("1.17.7", "1.17.8", "1.18.2", "1.20.0")
REFRESH = {
    "/usr/lib/systemd/system/nvidia-cdi-refresh.service": """\
[Unit]
Description=Refresh NVIDIA CDI specification file
[Service]
Type=oneshot
ExecStart=/usr/bin/nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml
[Install]
WantedBy=multi-user.target
""",
    "/usr/lib/systemd/system/nvidia-cdi-refresh.path": """\
[Unit]
Description=Trigger CDI refresh on NVIDIA driver install / uninstall events
[Path]
PathChanged=/usr/bin/nvidia-ctk
[Install]
WantedBy=multi-user.target
""",
}
INBOX = "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst"
# (release of the driver, version of its module, of its package)
AMDGPU = (("30.20.1", "6.16.6", "6.16.6.30200100-2238411"), ("30.30.4", "6.16.13", "6.16.13.30300400-2278411"),
          ("31.40.0", "6.19.14", "6.19.14.31400000-2330411"))


def toolkit(deb):
    """Four packages of one version each."""
    for version in TOOLKITS:
        full = f"{version}-1"
        same = f"(= {full})"
        library = "libnvidia-container1"
        files = {"/usr/bin/nvidia-ctk": (PROGRAMS / "nvidia-ctk").read_text().replace("@VERSION@", version), **(REFRESH if version >= "1.18" else {})}
        yield Package(library, full)
        yield Package("libnvidia-container-tools", full, depends=(f"{library} {same}",))
        yield Package("nvidia-container-toolkit-base", full, files=files, script="systemctl enable --now nvidia-cdi-refresh.path || true"
                      if version >= "1.18" else "")
        yield Package("nvidia-container-toolkit", full, depends=(
            f"nvidia-container-toolkit-base {same}", f"libnvidia-container-tools {same if deb or version >= '1.18' else '(>= 1.17)'}"))


def amdgpu(release, suffix):
    """The kernel's driver of one release, with firmware."""
    _release, module, full = next(row for row in AMDGPU if row[0] == release)
    epoch = "1:" if suffix else ""
    files = {f"/usr/src/amdgpu-{module}/dkms.conf": ""}
    yield Package("amdgpu-dkms-firmware", f"{epoch}{full}{suffix}", everywhere=bool(suffix))
    yield Package("amdgpu-dkms", f"{epoch}{full}{suffix}", depends=("dkms", f"amdgpu-dkms-firmware (= {epoch}{full}{suffix})"), files=files,
                  script=dkms(module, "open", "amdgpu"))


def amd_tools():
    yield Package("amd-smi-lib", "26.2.2.70204-93", files={"/opt/rocm/bin/amd-smi": REPLAY, "/usr/bin/amd-smi": REPLAY})
    yield Package("rocm-smi-lib", "7.8.0.70204-93", files={"/usr/bin/rocm-smi": REPLAY})
    yield Package("rocminfo", "1.0.0.70204-93", files={"/usr/bin/rocminfo": REPLAY})


def ubuntu_archive():
    """As much of Ubuntu as drivers ask for, and its own signed driver."""
    yield Package("dkms", "3.0.11-1ubuntu13", everywhere=True)
    for name in ("linux-headers-generic", "linux-headers-6.8.0-88-generic"):
        yield Package(name, "6.8.0-88.89", files={"/lib/modules/6.8.0-88-generic/build/.config": ""} if "6.8" in name else {},
                      depends=() if "6.8" in name else ("linux-headers-6.8.0-88-generic",))
    yield Package("linux-firmware", "20240318", everywhere=True)
    yield Package("linux-modules-extra-6.8.0-88-generic", "6.8.0-88.89", files={f"/lib/modules/6.8.0-88-generic/{INBOX}": ""},
                  script=f"echo {INBOX}: >> /lib/modules/6.8.0-88-generic/modules.dep")
    for number, version in (("580", "580.105.08"), ("595", "595.91.07")):
        full = f"{version}-0ubuntu0.24.04.1"
        yield Package(f"nvidia-utils-{number}-server", full, files={"/usr/bin/nvidia-smi": REPLAY})
        for flavour in ("-open", ""):
            yield Package(f"linux-modules-nvidia-{number}-server{flavour}-generic", "6.8.0-88.89")
            yield Package(f"nvidia-headless-no-dkms-{number}-server{flavour}", full)


def rpm_base():
    """What every system of rpm's has, so that scripts' and drivers' wishes are granted, and DKMS, which is from elsewhere there."""
    yield Package("bash", "5.1.8-9", provides=("/bin/sh", "/usr/bin/sh", "/bin/bash", "config(bash)"))
    yield Package("dkms", "3.2.2-1")


def suse_base():
    yield from rpm_base()
    yield Package("kernel-default-devel", "6.4.0-150600.23.65.1", provides=("kernel-default-devel = 6.4.0-150600.23.65",),
                  files={"/lib/modules/6.4.0-150600.23.65-default/build/.config": ""})


def enterprise_base():
    yield from rpm_base()
    yield Package("rocky-release", "9.6-1", provides=("system-release = 9.6", "redhat-release = 9.6"))
    yield Package("kernel-headers", "5.14.0-570")
    yield Package("kernel-devel-matched", "5.14.0-570.el9", files={"/lib/modules/5.14.0-570.el9.x86_64/build/.config": ""})
    yield Package("kernel-devel", "4.18.0-553.el8", files={"/lib/modules/4.18.0-553.el8.x86_64/build/.config": ""})
    yield Package("amd-gpu-firmware", "20250812-1")
    yield Package("linux-firmware", "20250812-1")
    for name in ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin", "podman", "crun"):
        yield Package(name, "1.0-1")
