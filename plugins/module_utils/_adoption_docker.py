# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Looks at the Ollama containers that a host's Docker has, whoever made them. Reads only."""

from __future__ import annotations

import json
import os

from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_container
from ansible_collections.barellama.fleet.plugins.module_utils._client import Client, ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._listen import url

ANSWER_SECONDS = 10
STORE = ("", "models", "models/blobs", "models/manifests")


class ScanDocker:
    """``run_command`` is AnsibleModule's; ``client`` is asked which version answers."""

    def __init__(self, run_command, client=Client):
        self._run_command = run_command
        self._client = client

    def containers(self):
        """(those of others, whether there are some of ours), each in the words of ``_adoption_container.plan``."""
        ids = self._run("ps", "--all", "--quiet", "--no-trunc")
        if not (ids or "").split():
            return [], False
        every = json.loads(self._run("inspect", "--type=container", *ids.split()))
        networks = {}
        for container in every:
            for network in container["NetworkSettings"].get("Networks") or ():
                networks.setdefault(network, set()).add(container["Name"].lstrip("/"))
        found = [self._seen(each, networks) for each in every if _adoption_container.is_of_others(each)]
        return found, any(map(_adoption_container.is_ours, every))

    def of_podman(self):
        """The names of root's Podman containers that run Ollama and are not ours; none where Podman does not answer."""
        try:
            ids = (self._run("ps", "--all", "--quiet", "--no-trunc", engine="podman") or "").split()
            said = self._run("inspect", "--type=container", *ids, engine="podman") if ids else "[]"
        except FleetError:
            return []
        return [each["Name"] for each in json.loads(said) if _adoption_container.is_of_others(each)]

    def _seen(self, container, networks):
        image = json.loads(self._run("image", "inspect", container["Image"]) or "[{}]")
        return {
            "container": container,
            "image": image[0].get("Config") or {},
            "owner": _other_owner(_adoption_container.state_directory(container)),
            "networks": networks,
            "version": self._version(container),
        }

    def _version(self, container):
        place = _adoption_container.place(container)
        if not place or not container["State"]["Running"]:
            return ""
        try:
            return self._client(url(*place), timeout=ANSWER_SECONDS).version()
        except ClientError:
            return ""

    def _run(self, *words, engine="docker"):
        """What the engine says; None where it is not there. One that does not answer may have containers: an error."""
        try:
            status, output, errors = self._run_command(
                [engine, *words], environ_update={"LC_ALL": "C"}, handle_exceptions=False
            )
        except FileNotFoundError:
            return None
        if status:
            raise FleetError(f"cannot look at containers: {engine} says {errors or output}; start it, or remove it")
        return output


def _other_owner(directory):
    """(path, uid) of the first that is not root's where a server writes; None where there is none."""
    for path in ([os.path.join(directory, part) for part in STORE] if directory else ()):
        if os.path.exists(path) and os.stat(path).st_uid:
            return path, os.stat(path).st_uid
    return None
