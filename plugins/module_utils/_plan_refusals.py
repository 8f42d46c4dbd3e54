# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What role ollama will not touch on a host, because it is somebody else's or would not serve. No I/O."""

from __future__ import annotations

from urllib.parse import urlsplit

NOT_MADE_HERE = "was not made by this role (the install script leaves such things); adopt.yml takes such a host over"


def refusals(probe, recorded, version, retry_failed):
    """One line for each; ``recorded`` is the host's record of what this role made and proved, or empty."""
    apply, before = probe["apply"], recorded.get("made") or []
    made = {thing.get("path") for thing in before}
    named = {thing["name"] for thing in before if thing["kind"] == "container"}
    return [
        *(f"{path} {NOT_MADE_HERE}" for path in _foreign_paths(apply) if path not in made),
        *(f"container {name} {NOT_MADE_HERE}" for name in _containers(apply) if name not in named),
        *(
            f"{item['path']} is a link, which the service could turn to any place; give the path that it leads to"
            for item in apply["directory"]
            if item["found"]["state"] == "link"
        ),
        *_closed(apply["directory"]),
        *_taken_numbers(apply["user"]),
        *_other_numbers(apply["user"]),
        *_ports(probe, recorded),
        *(f"ollama_method: {each['name']} {each['reason']}" for each in probe["differences"] if each["kind"] == "engine"),
        *([] if retry_failed else _failed(recorded.get("failed") or {}, version)),
    ]


def _foreign_paths(apply):
    for item in apply["link"]:
        found = item["found"]
        if found["state"] != "absent" and not found.get("target", "").endswith("/current/bin/ollama"):
            yield item["path"]
    for item in apply["file"]:
        if item["found"]["state"] != "absent" and not item["found"].get("ours"):
            yield item["path"]


def _containers(apply):
    return [
        item["name"]
        for item in apply.get("container", [])
        if item["found"]["state"] not in ("absent", "unknown") and not item["found"].get("ours")
    ]


def _closed(directories):
    for item in directories:
        found = item["found"]
        if found.get("access", "full") != "full":
            yield (f"{item['path']} was there before this role and keeps its owner and mode ({found['owner']}:{found['group']} "
                   f"{found['mode']}), but there {item['owner']} has {found['access']}; give it that, by its group or by an "
                   "ACL, or choose another ollama_home or ollama_models_dir")


def _taken_numbers(users):
    """What groupadd and useradd would fail with, half-way."""
    for item in users:
        for field, holder in (item["found"].get("taken") or {}).items():
            yield (f"ollama_{field}: {item[field]} is that of {holder} on this host; choose a number that is free on every "
                   "host of the fleet")


def _other_numbers(users):
    """An account that exists keeps its numbers: every file of its store carries them."""
    for item in users:
        for field, variable in (("uid", "ollama_uid"), ("gid", "ollama_gid")):
            found = item["found"].get(field)
            if found is not None and field in item and found != item[field]:
                yield (f"{item['name']} has {field} {found} on this host, not {item[field]}, and files belong to numbers; "
                       f"set {variable}: {found}")


def _ports(probe, recorded):
    """Ports that others hold. What served here before holds its own until it is stopped."""
    own = {urlsplit(each["url"]).port for each in recorded.get("served") or []}
    held = {item["port"] for item in probe["apply"]["port"]} - own
    for each in probe["differences"]:
        if each["kind"] == "port" and int(each["name"].rpartition(":")[2]) in held:
            yield f"{each['reason']}; stop that process, or choose another ollama_port"


def _failed(failed, version):
    if version in failed:
        yield (f"Ollama {version} failed on this host at {failed[version]['when']} ({failed[version]['reason']}); "
               "choose another ollama_version, or set ollama_retry_failed_version: true to try it again")
