# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What launchd runs on a Mac, and what Homebrew has there. Reads only."""

from __future__ import annotations

import os
import re

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

PREFIXES = ("/opt/homebrew", "/usr/local")  # of Homebrew on Apple silicon and on Intel
NO_SUCH_SERVICE = 113
FIELD = re.compile(r"^\t(?P<name>[a-z ]+) = (?P<value>.*)$", re.MULTILINE)
ENVIRONMENT = re.compile(r"^\tenvironment = \{\n(?P<lines>.*?)^\t\}", re.MULTILINE | re.DOTALL)
DISABLED = re.compile(r'^\s*"(?P<label>[^"]+)" => (?:true|disabled)$', re.MULTILINE)


class Launchd:
    """``tools`` runs commands (see ``_host_tools.py``); ``root`` is put before every path; ``accounts`` names owners."""

    def __init__(self, tools, accounts, root=""):
        self._tools = tools
        self._accounts = accounts
        self._root = root
        self._disabled = None

    def service(self, item):
        """The observation (see ``_drift.py``) of a desired service. What launchd has loaded is what runs."""
        status, output, errors = self._ask("print", f"system/{item['name']}")
        if status == NO_SUCH_SERVICE:
            return {"state": "absent"}
        if status:
            raise FleetError(f"cannot look at {item['name']}: launchctl says {errors.strip() or status}")
        state, entries = parse_service(output)
        current = item.get("marker") in (None, *entries)
        return {
            "state": state,
            "enabled": item["name"] not in self._all_disabled(),
            "definition": "current",
            "started_from": item.get("marker") if current else "another definition",
        }

    def keg(self, item):
        """The observation of a desired program of Homebrew, linked to <root>/releases/<version>."""
        found = {"brew": "", "owner": "", "cellar": "", "kegs": []}
        for prefix in PREFIXES:
            brew = f"{self._root}{prefix}/bin/brew"
            if os.path.exists(brew):
                cellar = f"{prefix}/Cellar/{item['name']}"
                owner = self._accounts.user_name(os.stat(brew).st_uid, "root")
                found = {"brew": f"{prefix}/bin/brew", "owner": owner, "cellar": cellar, "kegs": self._kegs(cellar, item["name"])}
                break
        program = f"{self._root}{item['root']}/releases/{item['version']}/bin/{item['name']}"
        return {"state": "linked" if os.access(program, os.X_OK) else "absent", **found}

    def _kegs(self, cellar, name):
        """The versions that are there; a keg without its program is what an interrupted Homebrew has left."""
        try:
            versions = sorted(os.listdir(self._root + cellar))
        except FileNotFoundError:
            return []
        return [version for version in versions if os.access(f"{self._root}{cellar}/{version}/bin/{name}", os.X_OK)]

    def _all_disabled(self):
        if self._disabled is None:
            self._disabled = set(DISABLED.findall(self._ask("print-disabled", "system")[1]))
        return self._disabled

    def _ask(self, *arguments):
        answer = self._tools.run("launchctl", *arguments)
        if answer is None:
            raise FleetError("cannot look at services: launchctl is not on this host; the method launchd is for macOS")
        return answer


def parse_service(output):
    """The state of a service and the entries NAME=value of its environment, from what ``launchctl print`` shows."""
    state = {field["name"]: field["value"] for field in FIELD.finditer(output)}.get("state", "unknown")
    lines = ENVIRONMENT.search(output)
    pairs = re.findall(r"^\t\t(.*?) => (.*)$", lines["lines"], re.MULTILINE) if lines else []
    return state, {f"{name}={value}" for name, value in pairs}
