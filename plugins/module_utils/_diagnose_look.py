# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What the checks of an instance look at: how it runs, what is wanted of it, what it answers. Reads only."""

from __future__ import annotations

from functools import cached_property

from ansible_collections.barellama.fleet.plugins.module_utils._adoption_text import environment_file
from ansible_collections.barellama.fleet.plugins.module_utils._client import Client, ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_ways import Container, LogFile, Quadlet, Unit
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._settings import environment

PATIENCE = 5  # seconds for one answer


class Instance:
    """One instance on ``host``: what it was given as, and beside its own all that its way to run tells."""

    def __init__(self, host, given, options):
        self.host = host
        self.name = given["name"]
        self.given = given
        self.version = options["version"]
        self.wanted = _wanted(given, options)
        self.process = _process(given, options, host.tools)

    def __getattr__(self, name):
        return getattr(self.process, name)

    @property
    def url(self):
        """Where its API is; Unseen where nobody told."""
        if not self.given.get("url"):
            raise Unseen("it was given without url")
        return self.given["url"].rstrip("/")

    @cached_property
    def client(self):
        return Client(self.url, PATIENCE)

    @cached_property
    def loaded(self):
        """The models in memory, as the server lists them; Unseen where it does not answer."""
        try:
            return self.client.ps()
        except ClientError as error:
            raise Unseen("it does not answer") from error

    @cached_property
    def written(self):
        """Variable -> value in the file that the role writes for it; None where there is none."""
        try:
            content = read(self.host.tools.root + self.given["env_file"]) if self.given.get("env_file") else None
        except FleetError:
            return None
        return None if content is None else environment_file(content.decode("utf-8", "replace"))

    def was_given(self, path):
        """Whether the process has the device node ``path`` of the host at all."""
        if self.container is None:
            return True
        given = self.container.get("HostConfig", {}).get("Devices") or []
        return any(path == device["PathOnHost"] or path.startswith(device["PathOnHost"] + "/") for device in given)

    def joining(self, group):
        """How to put the process into a group of the host."""
        if self.container is None:
            return f"usermod -aG {group} {self.shown.get('User') or 'ollama'}"
        return "run site.yml, which gives it the groups of the host's devices"


def instances(host, options):
    """The instances that the module's options name."""
    return [Instance(host, given, options) for given in options["instances"]]


def _wanted(given, options):
    """In a container the address and the store are others than outside, and the engine chooses the devices."""
    result = environment(given.get("settings") or {}, options["extra_env"], options["version"])
    if options["method"] == "systemd":
        result.update(given.get("visible") or {})
        result.update({"OLLAMA_MODELS": given["models"]} if given.get("models") else {})
        result.update({"OLLAMA_HOST": given["address"]} if given.get("address") else {})
    return result


def _process(given, options, tools):
    method, user = options["method"], options["user"]
    if method == "docker":
        return Container(given["container"], tools)
    if method == "podman":
        return Quadlet(given["unit"], given["container"], tools, user)
    if method == "launchd":
        return LogFile(given["log"], tools)
    return Unit(given["unit"], tools)
