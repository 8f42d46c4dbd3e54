# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""One instance as a service of macOS: the property list that launchd reads. No I/O."""

from __future__ import annotations

import hashlib
import plistlib

from ansible_collections.barellama.fleet.plugins.module_utils._record import MARKER
from ansible_collections.barellama.fleet.plugins.module_utils._settings import environment

DIRECTORY = "/Library/LaunchDaemons"
WRITTEN_BY = b"<!-- Written by the role barellama.fleet.ollama. Change ollama_settings in the inventory, not this file. -->\n"
OPEN_FILES = 8192  # launchd's own limit of 256 is few for a server


def definition(instance, options, extra_env=None):
    """What launchd shall run, as label, path, marker (an entry NAME=value of its environment) and content.

    ``options`` has version, root, user, group and umask of the role.
    """
    home = instance["home"]
    service = {
        "Label": instance["label"],
        "ProgramArguments": [f"{options['root']}/releases/{options['version']}/bin/ollama", "serve"],
        "EnvironmentVariables": {
            **environment(instance["settings"], extra_env, options["version"]),
            "HOME": home,
            "OLLAMA_HOST": instance["address"],
            "OLLAMA_MODELS": instance["models"],
        },
        "UserName": options["user"],
        "GroupName": options["group"],
        "Umask": int(options["umask"], 8),
        "WorkingDirectory": home,
        "RunAtLoad": True,
        "KeepAlive": True,
        "ProcessType": "Interactive",  # anything less is slowed down as background work
        "SoftResourceLimits": {"NumberOfFiles": OPEN_FILES},
        "StandardOutPath": instance["log"],
        "StandardErrorPath": instance["log"],
    }
    digest = hashlib.sha256(plistlib.dumps(service)).hexdigest()
    service["EnvironmentVariables"][MARKER] = digest
    return {
        "label": instance["label"],
        "path": f"{DIRECTORY}/{instance['label']}.plist",
        "marker": f"{MARKER}={digest}",
        "content": _signed(plistlib.dumps(service)),
    }


def _signed(text):
    """With a first line that says whose file it is; XML wants its own two lines before."""
    head, tag, rest = text.partition(b"<plist")
    return (head + WRITTEN_BY + tag + rest).decode()
