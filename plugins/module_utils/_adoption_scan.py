# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Looks at the Ollama that a host has, whoever set it up. Reads only."""

from __future__ import annotations

import glob
import grp
import os
import pwd

from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_service, _adoption_text
from ansible_collections.barellama.fleet.plugins.module_utils._client import Client, ClientError
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host_tools import read
from ansible_collections.barellama.fleet.plugins.module_utils._listen import url

SHOWN = (
    "LoadState,FragmentPath,DropInPaths,NeedDaemonReload,MainPID,ExecStart,User,Group,"
    "Environment,EnvironmentFiles,UnsetEnvironment"
)
OURS = "barellama.fleet"
ANSWER_SECONDS = 10


class Scan:
    """``run_command`` is AnsibleModule's; ``root`` is put before every path; the others answer as the real ones do."""

    def __init__(self, run_command, root="", users=pwd, groups=grp, client=Client):
        self._run_command = run_command
        self._root = root
        self._users = users
        self._groups = groups
        self._client = client

    def service(self, unit):
        """What there is of ``unit``, in the words of ``_adoption_service.plan``; None where it is not there."""
        shown = self._shown(unit)
        if shown["LoadState"] == "not-found" or not shown["FragmentPath"]:
            return None
        text = self._text(shown["FragmentPath"])
        if OURS in text:
            return {"unit": unit, "ours": True}
        files = self._environment_files(shown.get("EnvironmentFiles", []))
        variables = _adoption_service.environment(shown, files)
        account = self._account(shown["User"], shown["Group"])
        _home, store, host, port = _adoption_service.place(variables, account)
        program = _adoption_text.program(shown.get("ExecStart", "")) or ""
        return {
            "unit": unit,
            "ours": False,
            "text": text,
            "fragment": shown["FragmentPath"],
            "reload": shown["NeedDaemonReload"] == "yes" and not self._has_unread_drop_in(unit, shown),
            "drop_ins": {path: self._text(path) for path in _adoption_text.words(shown["DropInPaths"])},
            "files": list(files),
            "variables": variables,
            "running": self._running(shown["MainPID"]),
            "account": account,
            "program": program,
            "command": shown.get("ExecStart", "")[:200],
            "goes": self._goes(program, shown.get("ExecStart", "")),
            "others": self._others(program, shown["MainPID"]),
            "owner": self._owner(program),
            "store": self._store(store),
            "version": self._version(url(host, port)),
        }

    def _shown(self, unit):
        status, output, errors = self._run("systemctl", "show", "--property", SHOWN, "--", unit)
        shown = _adoption_text.properties(output)
        if status or not {"LoadState", "FragmentPath"} <= shown.keys():
            raise FleetError(f"cannot look at {unit}: systemctl says {errors or output or 'nothing'}")
        return shown

    def _environment_files(self, entries):
        """Path -> variables of each file, in systemd's order; a pattern stands for all that it matches."""
        patterns = [entry.rpartition(" (ignore_errors=")[0] for entry in entries]
        paths = [path for pattern in patterns for path in sorted(glob.glob(self._root + pattern))]
        return {path[len(self._root) :]: _adoption_text.environment_file(self._text(path[len(self._root) :]))
                for path in paths}

    def _has_unread_drop_in(self, unit, shown):
        """Whether a run was killed between writing adoption's own drop-in and letting systemd read it."""
        path = _adoption_service.DROP_IN.format(unit)
        return os.path.exists(self._root + path) and path not in _adoption_text.words(shown["DropInPaths"])

    def _text(self, path):
        return (read(self._root + path) or b"").decode("utf-8", "replace")

    def _account(self, user, group):
        user = user or "root"
        try:
            entry = self._users.getpwuid(int(user)) if user.isdigit() else self._users.getpwnam(user)
            own = self._groups.getgrgid(entry.pw_gid) if not group else (
                self._groups.getgrgid(int(group)) if group.isdigit() else self._groups.getgrnam(group))
        except KeyError as error:
            raise FleetError(f"the service's account {user} {group} is not there: {error}; mend its unit") from error
        return {"user": entry.pw_name, "uid": entry.pw_uid, "group": own.gr_name, "gid": own.gr_gid,
                "home": entry.pw_dir, "shell": entry.pw_shell}

    def _goes(self, program, command):
        """The program, and its libraries as Ollama finds them; nothing where something else is started."""
        if os.path.basename(program) != "ollama" or f" ; argv[]={program} serve ; " not in command:
            return []
        libraries = os.path.join(os.path.dirname(os.path.dirname(program)), "lib", "ollama")
        if os.path.islink(self._root + program) or not os.path.isdir(self._root + libraries):
            return [program]
        return [program, libraries]

    def _running(self, pid):
        content = read(f"{self._root}/proc/{pid}/environ") if pid != "0" else None
        return _adoption_text.assignments((content or b"").decode("utf-8", "replace").split("\0"))

    def _others(self, program, main):
        """The processes of that program which are not the service's own."""
        unit = read(f"{self._root}/proc/{main}/cgroup")
        found = []
        for pid in sorted(filter(str.isdigit, os.listdir(self._root + "/proc")), key=int):
            try:
                said = (read(f"{self._root}/proc/{pid}/cmdline") or b"").decode("utf-8", "replace").split("\0")[:2]
                exe = os.readlink(f"{self._root}/proc/{pid}/exe")
            except (OSError, FleetError):
                continue
            same = program in (exe, *(said if os.path.basename(exe).startswith("python") else ()))
            if same and read(f"{self._root}/proc/{pid}/cgroup") != unit:
                found.append(int(pid))
        return found

    def _owner(self, program):
        """The package that the program belongs to; empty where it is nobody's."""
        for command in (("dpkg-query", "--search", program), ("rpm", "--query", "--file", program)):
            answer = self._run(*command, needed=False) if program else None
            if answer and answer[0] == 0 and answer[1]:
                return answer[1].partition(":")[0].strip()
        return ""

    def _store(self, path):
        real = os.path.realpath(self._root + path)[len(self._root) :] if os.path.islink(self._root + path) else path
        manifests = sum(len(names) for _path, _folders, names in os.walk(f"{self._root}{real}/manifests"))
        try:
            with os.scandir(f"{self._root}{real}/blobs") as blobs:
                size = sum(blob.stat().st_size for blob in blobs)
        except OSError:
            size = 0
        return {"path": real, "models": manifests, "bytes": size}

    def _version(self, place):
        try:
            return self._client(place, timeout=ANSWER_SECONDS).version()
        except ClientError:
            return ""

    def _run(self, *command, needed=True):
        try:
            return self._run_command(list(command), environ_update={"LC_ALL": "C"}, handle_exceptions=False)
        except FileNotFoundError as error:
            if needed:
                raise FleetError(f"cannot look at services: {command[0]} is not on this host") from error
            return None
