"""Node systems with container engines on them, as a machine has them after the distribution's packages went in.

debian13-containers has Compose version 2 and a Podman with Quadlet; debian12-containers has neither, but Compose version 1.
"""

from __future__ import annotations

from typing import NamedTuple

REGISTRY = "sites:5001"


class Engines(NamedTuple):
    """What comes on top of a node image without engines."""

    base: str
    packages: tuple[str, ...]


SYSTEMS = {
    "debian12-containers": Engines("debian12", ("docker.io", "docker-compose", "podman", "crun")),
    "debian13-containers": Engines("debian13", (
        "docker.io", "docker-cli", "docker-compose", "iptables",
        # Podman with bridges and, for users, with what it only recommends.
        "podman", "crun", "netavark", "aardvark-dns", "nftables", "passt", "uidmap", "fuse-overlayfs", "catatonit",
        "dbus-user-session")),
}

# A machine has a resolver that its containers reach too; a node has Docker's, which answers nobody but the node itself, and
# an option (ndots) beside it with which an engine in the node would not ask for names without a dot.
RESOLVER = "192.0.2.53"
FORWARDER = f"""
import socket
import socketserver

class Forward(socketserver.BaseRequestHandler):
    def handle(self):
        query, here = self.request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.settimeout(5)
            there.sendto(query, ("127.0.0.11", 53))
            here.sendto(there.recv(4096), self.client_address)

socketserver.ThreadingUDPServer(("{RESOLVER}", 53), Forward).serve_forever()
"""

# The tree of groups is the machine's, of which crun would enable all controllers in a node's own group. That fails, since a
# process sits there, and crun tries for two seconds of each start; on a machine it succeeds at once. So it sees none.
RUNTIME = """#!/bin/sh
exec unshare --mount sh -ec 'mount --bind /dev/null /sys/fs/cgroup/cgroup.controllers; exec crun "$@"' crun "$@"
"""

# A node has no controllers for pids, so crun must not be asked for a limit. What a machine's start gives to all users, a
# container's does not: a shared root (systemd) and these devices (udev). Where the machine has version 1 cgroups beside
# version 2, a rootless Podman looks for a group of its own there, which it cannot have. The bed's registry speaks no TLS.
FINISH = f"""
set -e
mkdir -p /etc/docker /etc/containers/containers.conf.d /etc/containers/registries.conf.d
echo '{{"insecure-registries": ["{REGISTRY}"]}}' > /etc/docker/daemon.json
printf '[containers]\\npids_limit = 0\\n[engine]\\nruntime = "crun"\\n\
[engine.runtimes]\\ncrun = ["/usr/local/bin/bed-crun"]\\n' > /etc/containers/containers.conf.d/bed.conf
cat > /usr/local/bin/bed-crun <<'PROGRAM'
{RUNTIME}
PROGRAM
chmod 0755 /usr/local/bin/bed-crun
printf '[storage]\\ndriver = "overlay"\\nrunroot = "/run/containers/storage"\\ngraphroot = "/var/lib/containers/storage"\\n\
rootless_storage_path = "/var/lib/containers/users/$UID"\\n' > /etc/containers/storage.conf
mkdir -p /var/lib/containers
mkdir -m 1777 /var/lib/containers/users
printf '[[registry]]\\nlocation = "{REGISTRY}"\\ninsecure = true\\n' > /etc/containers/registries.conf.d/bed.conf
mkdir -p /etc/containers/systemd/users/container.d
printf '[Container]\\nCgroupsMode=disabled\\n' > /etc/containers/systemd/users/container.d/bed.conf
cat > /etc/systemd/system/bed-like-a-machine.service <<'UNIT'
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --make-rshared /
ExecStart=/bin/chmod 0666 /dev/fuse /dev/net/tun
[Install]
WantedBy=sysinit.target
UNIT
cat > /usr/local/lib/bed-resolver.py <<'PROGRAM'
{FORWARDER}
PROGRAM
cat > /etc/systemd/system/bed-resolver.service <<'UNIT'
[Unit]
Before=docker.service
[Service]
ExecStartPre=/usr/sbin/ip address replace {RESOLVER}/32 dev lo
ExecStartPre=/bin/sh -c 'echo nameserver {RESOLVER} > /etc/resolv.conf'
ExecStart=/usr/bin/python3 /usr/local/lib/bed-resolver.py
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable bed-like-a-machine.service bed-resolver.service
systemctl mask podman-auto-update.timer podman-auto-update.service
"""

# The stores of the engines lie on a file system of the machine's own, where overlay works.
VOLUMES = ["--volume=/var/lib/docker", "--volume=/var/lib/containers"]
