# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Files of systemd's that keep specifications of devices (CDI) fresh and tell what Docker was started from. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._cdi import AMDS_PATH, FOLDERS, WITHOUT_GROUPS

HEADER = "# Written by the role barellama.fleet.container_runtime. Change the inventory, not this file.\n"
FOLDER = "/etc/systemd/system"
DAEMON_PATH = f"{FOLDER}/docker.service.d/barellama.conf"
MARKER = "BARELLAMA_DAEMON"
# The toolkit's own, since 1.18.
REFRESH_SERVICE, REFRESH_PATH = "nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path"
FLAGS_PATH = f"{FOLDER}/{REFRESH_SERVICE}.d/barellama.conf"
FLAGS = f"{HEADER}[Service]\nEnvironment=NVIDIA_CTK_CDI_GENERATE_FEATURE_FLAGS={WITHOUT_GROUPS}\n"
OUR_SERVICE, OUR_PATH, AMDS_SERVICE = "barellama-cdi-nvidia.service", "barellama-cdi-nvidia.path", "barellama-cdi-amd.service"

SERVICE = """{header}[Unit]
Description=CDI specification of the GPUs of {name}
After=systemd-modules-load.service
Before=docker.service
{conditions}
[Service]
Type=oneshot
ExecStartPre=/bin/mkdir -p {folder}
ExecStart={command} cdi generate --output={folder}/{file}

[Install]
WantedBy=multi-user.target
"""
# A new driver is a new list of modules, a new toolkit a new program.
PATH = """{header}[Unit]
Description=Changes of NVIDIA's driver and container toolkit

[Path]
PathChanged=/lib/modules/%v/modules.dep
PathChanged={command}
Unit={service}

[Install]
WantedBy=multi-user.target
"""


def nvidia(command):
    """Path -> content of what does for toolkits before 1.18 what newer ones do themselves."""
    # The device node alone where /proc is not the host's.
    loaded = "ConditionPathExists=|/proc/driver/nvidia/version\nConditionPathExists=|/dev/nvidiactl\n"
    service = SERVICE.format(header=HEADER, name="NVIDIA", conditions=loaded, folder=FOLDERS[1], file="nvidia.yaml", command=command)
    return {f"{FOLDER}/{OUR_SERVICE}": service,
            f"{FOLDER}/{OUR_PATH}": PATH.format(header=HEADER, command=command, service=OUR_SERVICE)}


def amd(command):
    """The same for AMD's toolkit, which has nothing of the kind."""
    loaded = "ConditionPathExists=/dev/kfd\n"
    folder, _slash, file = AMDS_PATH.rpartition("/")
    return {f"{FOLDER}/{AMDS_SERVICE}": SERVICE.format(header=HEADER, name="AMD", conditions=loaded, folder=folder, file=file, command=command)}


def daemon(marker):
    """What lets a running Docker tell from which daemon.json of ours it was started."""
    return f"{HEADER}[Service]\nEnvironment={MARKER}={marker}\n"


def marker(content):
    """The marker in such a file, or in an environment's entries, one a line; None where there is none."""
    found = re.search(rf"^(?:Environment=)?{MARKER}=(\S+)$", content or "", re.MULTILINE)
    return found and found[1]
