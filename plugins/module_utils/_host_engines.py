# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What Docker and Podman have and can do. A host that has neither has no containers. Reads only."""

from __future__ import annotations

import json
import re

INSTALL = {"docker": "install Docker Engine", "podman": "install the distribution's podman"}
CURES = {
    "version": "upgrade it, or choose another method",
    "compose": "install Docker's package docker-compose-plugin, or Debian 13's docker-compose",
}

# What Docker and Podman say of a volume and of an image that they do not have.
MISSING = re.compile("no such (volume|image)|image not known", re.IGNORECASE)


class Engines:
    """``tools`` runs commands (see ``_host_tools.py``); ``desired`` has all the containers that will be asked for."""

    def __init__(self, tools, desired):
        self._tools = tools
        self._wanted = {}
        for item in desired:
            if item["kind"] == "container":
                self._wanted.setdefault((item["engine"], item.get("user")), {})[item["name"]] = item
        self._inspected = {}

    def container(self, item):
        """The observation (see ``_drift.py``) of a desired container."""
        containers, complaint = self._containers(item)
        if complaint:
            return {"state": "unknown", "notes": {"state": complaint}}
        return _container(containers[item["name"]], item) if item["name"] in containers else {"state": "absent"}

    def engine(self, item):
        """The observation of a desired engine. Podman has no daemon: where it is installed, it runs."""
        found = (self._docker() if item["name"] == "docker" else self._podman()) or {"state": "absent"}
        if "compose" in item and found["state"] != "absent":
            found["compose"] = self._compose()
        return {**found, "notes": {"state": INSTALL[item["name"]], **CURES, **found.get("notes", {})}}

    def volume(self, item):
        """The observation of a desired volume. Those of an account nothing of which runs cannot be seen."""
        user = item.get("user")
        answer = self._tools.run(item["engine"], item["kind"], "inspect", item["name"], user=user)
        if answer is None:
            return {"state": "unknown" if user and self._tools.has_account(user) else "absent"}
        status, _output, errors = answer
        return {"state": "present" if status == 0 else "absent" if MISSING.search(errors) else "unknown"}

    def image(self, item):
        """The observation of a desired image, as of a volume.

        Its engine is spared the question where containers run from it and none is to be made: its name may be gone by then.
        """
        wanted = self._wanted.get((item["engine"], item.get("user")), {})
        settled = [self._is_settled(each) for each in wanted.values() if each["image"] == item["name"]]
        return {"state": "present"} if settled and all(settled) else self.volume(item)

    def _is_settled(self, item):
        found = self.container(item)
        return all(found.get(field) == value for field, value in
                   (("state", "running"), ("image", item["image"]), ("started_from", item.get("marker"))))

    def _containers(self, item):
        """What the engine of a desired thing shows: (name -> a desired container, why it shows nothing)."""
        key = item["engine"], item.get("user")
        if key not in self._inspected:
            self._inspected[key] = self._inspect(*key) if key in self._wanted else ({}, None)
        return self._inspected[key]

    def _inspect(self, engine, user):
        answer = self._tools.run(engine, "container", "inspect", *self._wanted[engine, user], user=user)
        if answer is None:
            return {}, None
        status, output, errors = answer
        if status and "no such container" not in errors.lower():
            return {}, f"{engine} says {last_line(errors)}"
        return {entry["Name"].lstrip("/"): entry for entry in json.loads(output or "[]")}, None

    def _podman(self):
        answer = self._tools.run("podman", "--version")
        return answer and {"state": "running", "version": first_version(answer[1])}

    def _docker(self):
        answer = self._tools.run("docker", "version", "--format", "{{json .Server}}")
        if answer is None:
            return None
        _status, output, errors = answer
        server = json.loads(output) if output.strip().startswith("{") else None
        if server:
            return {"state": "running", "version": first_version(server["Version"])}
        said = f"docker says {last_line(errors)}; start it: systemctl enable --now docker"
        return {"state": "stopped", "notes": {"state": said}}

    def _compose(self):
        """The version of Docker's Compose plugin; the program of its own, which came before it, is no substitute."""
        version = self._version_of("docker", "compose", "version", "--short")
        if version:
            return version
        version = self._version_of("docker-compose", "version", "--short")
        return f"the program docker-compose {version}" if version else "absent"

    def _version_of(self, *command):
        answer = self._tools.run(*command)
        return first_version(answer[1]) if answer and answer[0] == 0 else None


def first_version(text):
    """The first version in a text, without what a distribution adds to it; None where there is none."""
    match = re.search(r"\d+(\.\d+)+", text)
    return match and match.group()


def last_line(text):
    return (text.strip().splitlines() or ["nothing"])[-1]


def _container(shown, item):
    # Docker and Podman spell the same fields alike.
    environment = shown["Config"]["Env"] or []
    current = item.get("marker") in (None, *environment)
    name = item.get("marker", "").partition("=")[0]
    return {
        # Whoever made it, it was from some definition of the same kind.
        "ours": bool(name) and any(entry.startswith(f"{name}=") for entry in environment),
        "state": shown["State"]["Status"],
        "image": shown["Config"]["Image"],
        "definition": "current",
        "started_from": item.get("marker") if current else "another definition",
    }
