# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The methods, as the tests of them ask for them, and what serves on a node."""

from __future__ import annotations

SYSTEMD = {"ollama_method": "systemd"}
DOCKER = {"ollama_method": "docker"}
PODMAN = {"ollama_method": "podman"}
ROOTLESS = {"ollama_method": "podman", "ollama_container_rootless": True}

OLD, NEW = "0.32.15", "0.34.4"
# One version ends at once, and is given up when it has ended twice; the other never comes up, which only time tells.
ENDS = {"ollama_version": "0.34.5", "ollama_retry_failed_version": True}
HANGS = {**ENDS, "ollama_version": "0.34.6", "ollama_health_wait": 15}
LAST_WORDS = "Error: this release was made to fail"

LISTS = """
docker ps -a --format {{.Names}}
podman ps -a --format {{.Names}}
if [ -d /run/user/11434 ]; then
    cd /
    XDG_RUNTIME_DIR=/run/user/11434 runuser -u ollama -- podman ps -a --format {{.Names}}
fi
"""
NOWHERE = (0, False, False)


def place(method):
    """Where a method has its one server, as where() tells it."""
    return (0, True, True) if method == SYSTEMD else (1, False, False)


def where(node):
    """What there is of each kind: (containers of all engines, a service outside of any, the command of its release)."""
    return (len(node.sh(LISTS).split()), node.holds("systemctl cat ollama.service | grep -q /opt/ollama/current"),
            node.holds("test -L /usr/local/bin/ollama"))


def serving(node):
    """What serves: the version, and the models with their digests."""
    return node.version(), sorted((model["name"], model["digest"]) for model in node.api("/api/tags")["models"])


def runs_on(fleet, name):
    """Run playbooks against one node of the bed."""
    def run(playbook="site.yml", **variables):
        return fleet.run(playbook, "--limit", name, **variables)
    return run
