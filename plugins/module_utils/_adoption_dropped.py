# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What a container was given beside what a plain `docker run` gives, and the role has no variable for. No I/O.

What is lost without harm is a line of the plan, what serving depends on is an obstacle. A key that Docker comes to know
one day is told too: all of HostConfig is, but what is named here.
"""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._listen import address
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

OWN_NETWORKS = ("bridge", "default", "host")
# Serving depends on it.
NEEDED = ("ExtraHosts", "Dns", "DnsSearch", "DnsOptions", "Links", "VolumesFrom", "CpusetCpus", "CpuQuota", "Ulimits")
# What becomes a variable, is told in words of its own, or follows from something that is.
TOLD = frozenset(
    "Binds Mounts NetworkMode PortBindings PublishAllPorts RestartPolicy AutoRemove LogConfig DeviceRequests Devices "
    "GroupAdd NanoCpus Memory MemorySwap Privileged ContainerIDFile ConsoleSize MaskedPaths ReadonlyPaths".split()
).union(NEEDED)
# What is not empty and yet Docker's own choice, or is so with the role's container as well.
PLAIN = {
    "ShmSize": (64 << 20,),
    "IpcMode": ("private", "shareable"),
    "CgroupnsMode": ("private", "host"),
    "Runtime": ("runc", "nvidia"),
    "MemorySwappiness": (-1,),
    "PidsLimit": (-1,),
    "ReadonlyRootfs": (True,),
    "CapDrop": (["ALL"],),
    "SecurityOpt": (["no-new-privileges"], ["no-new-privileges:true"]),
    "Tmpfs": ({"/tmp": ""},),
}
OF_THE_IMAGE = ("Domainname", "Healthcheck", "MacAddress", "OpenStdin", "Shell", "StopSignal", "StopTimeout", "Tty", "WorkingDir")
LOG = {"max-size": "100m", "max-file": "3"}
AMD_DEVICES = ("/dev/kfd", "/dev/dri")


def lines(seen, vendor):
    """What is not carried over, one line each; names alone where a value may be a secret."""
    container = seen["container"]
    told = [*_host(container["HostConfig"], vendor), *_config(container, seen["image"]), *_networks(seen)]
    told += [f"port {port}, at which no Ollama listens" for port in _ports(container, seen["inside"])[1]]
    return [f"not carried over: {each}" for each in told]


def obstacles(seen):
    """What serving depends on, with the cure."""
    container, name = seen["container"], seen["container"]["Name"].lstrip("/")
    config = container["HostConfig"]
    found = [f"{name}: is published at {place} too, and ours is published once; let its users take the first, and make "
             "the container anew with one -p" for place in _ports(container, seen["inside"])[0]]
    for network in _others(container):
        peers = sorted(seen["networks"].get(network, set()) - {name})
        if peers:
            found.append(f"{name}: {', '.join(peers)} can reach it in the network {network}, which ours is not in; "
                         "let them use its published port, and take it out of that network")
    found += [f"{name}: has {key}, for which the role has no variable; make it anew without" for key in NEEDED if config.get(key)]
    if config.get("Privileged"):
        found.append(f"{name}: is privileged, which the role's is not; make it anew without")
    if config.get("AutoRemove"):
        found.append(f"{name}: is gone once it is stopped (--rm), so there would be nothing to go back to; "
                     "make it anew without")
    return found


def _host(config, vendor):
    for key, value in sorted(config.items()):
        if key not in TOLD and value and value not in PLAIN.get(key, ()):
            yield f"{key} {shown(list(value) if isinstance(value, dict) else value, key)}"
    policy, log = (config.get("RestartPolicy") or {}).get("Name"), config.get("LogConfig") or {}
    if policy not in (None, "", "no", "unless-stopped"):
        yield f"restart policy {policy}; ours is unless-stopped"
    options = log.get("Config") or {}
    if log.get("Type", "json-file") != "json-file" or any(LOG.get(name) != value for name, value in options.items()):
        yield f"log driver {' with '.join(filter(None, [log['Type'], ', '.join(options)]))}; ours is json-file, 3 files of 100m"
    if config.get("MemorySwap") not in (None, 0, 2 * (config.get("Memory") or 0)):
        yield f"MemorySwap {config['MemorySwap']}"
    if config.get("GroupAdd") and vendor != "amd":
        yield f"GroupAdd {shown(config['GroupAdd'])}"
    yield from (f"device {each['PathOnHost']}" for each in config.get("Devices") or ()
                if vendor != "amd" or not each["PathInContainer"].startswith(AMD_DEVICES))
    if len(config.get("DeviceRequests") or ()) > 1:
        yield "all requests of devices but the first"


def _config(container, image):
    config, host = container["Config"], container["HostConfig"]["NetworkMode"] == "host"
    yield from (key for key in OF_THE_IMAGE if config.get(key) and config[key] != image.get(key))
    if config.get("Hostname") and not host and not container.get("Id", "").startswith(config["Hostname"]):
        yield f"Hostname {shown(config['Hostname'])}"
    labels = sorted(set(config.get("Labels") or ()) - set(image.get("Labels") or ()))
    yield from (f"label {label}" for label in labels if not label.startswith("com.docker.compose."))


def _networks(seen):
    container = seen["container"]
    if container["HostConfig"]["NetworkMode"] == "host":
        yield "network mode host; ours publishes its port"
    for network in _others(container):
        yield f"network {network}"
    for network, given in sorted((container["NetworkSettings"].get("Networks") or {}).items()):
        yield from (f"address {fixed} in network {network}" for fixed in ((given or {}).get("IPAMConfig") or {}).values() if fixed)


def _others(container):
    return sorted(set(container["NetworkSettings"].get("Networks") or ()) - set(OWN_NETWORKS))


def _ports(container, inside):
    """(other places of the server, places of what is no server)."""
    again, idle = [], []
    for port, bound in sorted((container["HostConfig"]["PortBindings"] or {}).items()):
        places = [address(each["HostIp"] or "0.0.0.0", each["HostPort"] or "any") for each in bound or ()]
        if port == f"{inside}/tcp":
            again += places[1:]
        else:
            idle += [f"{place} to {port}" for place in places]
    return again, idle
