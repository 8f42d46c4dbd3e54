# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others leave on a host, and a server that answers at one address."""

from __future__ import annotations

import copy
from pathlib import Path

from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable

INSTALL_SCRIPT_UNIT = (Path(__file__).parent / "install_script.service").read_text(encoding="utf-8")

# What `docker inspect` of Docker 26.1 tells, as far as it is looked at, of
# docker run -d -v ollama:/root/.ollama -p 127.0.0.1:11434:11434 -e OLLAMA_NUM_PARALLEL=4 --name ollama ollama/ollama:0.32.15
STANDARD = ["PATH=/usr/bin:/bin", "LD_LIBRARY_PATH=/usr/local/nvidia/lib", "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
            "NVIDIA_VISIBLE_DEVICES=all", "OLLAMA_HOST=0.0.0.0:11434"]
CONTAINER = {
    "Id": "0123456789abcdef",
    "Name": "/ollama",
    "Path": "/bin/ollama",
    "Args": ["serve"],
    "Image": "sha256:aa",
    "State": {"Running": True},
    "Config": {
        "Hostname": "0123456789ab", "Domainname": "", "User": "", "Tty": False, "Env": ["OLLAMA_NUM_PARALLEL=4", *STANDARD],
        "Image": "ollama/ollama:0.32.15", "WorkingDir": "", "Entrypoint": ["/bin/ollama"],
        "Labels": {"org.opencontainers.image.version": "24.04"},
    },
    "HostConfig": {
        "Binds": ["ollama:/root/.ollama"], "ContainerIDFile": "", "LogConfig": {"Type": "json-file", "Config": {}},
        "NetworkMode": "bridge", "PortBindings": {"11434/tcp": [{"HostIp": "127.0.0.1", "HostPort": "11434"}]},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False, "ConsoleSize": [0, 0], "CapAdd": None,
        "CapDrop": None, "CgroupnsMode": "private", "Dns": [], "ExtraHosts": None, "GroupAdd": None, "IpcMode": "private",
        "Privileged": False, "SecurityOpt": None, "ShmSize": 67108864, "Runtime": "runc", "Memory": 0, "NanoCpus": 0,
        "Devices": [], "DeviceRequests": None, "MemorySwap": 0, "MemorySwappiness": None, "PidsLimit": None, "Ulimits": [],
        "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/bus"],
    },
    "Mounts": [{"Type": "volume", "Name": "ollama", "Source": "/var/lib/docker/volumes/ollama/_data",
                "Destination": "/root/.ollama"}],
    "NetworkSettings": {"Networks": {"bridge": {"IPAMConfig": None}}},
}
IMAGE = {"Env": STANDARD, "Labels": {"org.opencontainers.image.version": "24.04"}, "WorkingDir": ""}


def container(**changes):
    """That container; ``changes`` by part__key, or by part alone."""
    changed = copy.deepcopy(CONTAINER)
    for name, value in changes.items():
        part, _mark, key = name.partition("__")
        if key:
            changed[part][key] = value
        else:
            changed[part] = value
    return changed


def seen(networks=None, version="0.32.15", owner=None, **changes):
    """The container as ScanDocker tells of it."""
    return {"container": container(**changes), "image": IMAGE, "networks": networks or {}, "version": version, "owner": owner}


class Server:
    """Answers as Client does, at one address."""

    def __init__(self, url, timeout):
        self.url = url

    def version(self):
        if self.url != "http://127.0.0.1:8080":
            raise Unreachable("no connection")
        return "0.32.15"
