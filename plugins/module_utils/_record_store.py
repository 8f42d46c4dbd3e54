# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""What happens to the record, and to the host, when something was prepared, begun, proven, failed, restored or forgotten."""

from __future__ import annotations

import json
import os
import time
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils import _record, _record_files
from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host import Host

Event = namedtuple("Event", "state made definition method version release served files reason to")


def reconcile(path, event, check_mode):
    """Follow the event; the module's result."""
    act = {"restored": restore, "forgotten": forget}.get(event.state, change)
    if check_mode or (act is not change and not os.path.lexists(path)):
        return act(path, event, check_mode)
    with _record_files.alone(path):
        return act(path, event, check_mode)


def change(path, event, check_mode):
    """Write what the event makes of the record, where that is another."""
    former = _record_files.load(path)
    record = follow(former or _record.EMPTY, event)
    changed = record != former
    if changed and not check_mode:
        _record_files.save(path, record)
    what = " ".join(filter(None, [event.state, event.method, event.version]))
    diff = _entry(path, _shown(former), _shown(record))
    return _result(record, [f"record: {what}"] * changed, [diff] * changed)


def follow(record, event):
    if event.state in ("prepared", "begun"):
        return getattr(_record, event.state)(record, event.made)
    if event.state == "failed":
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return _record.failed(record, event.version, event.reason, when)
    if event.state == "kept":
        return {**_record.EMPTY, "made": event.made}
    identity = {field: getattr(event, field) for field in _record.IDENTITY}
    return _record.proven(record, {**identity, "made": event.made, "files": kept(event.files)})


def kept(paths):
    """The files at these paths as they are, by path."""
    # Any account will do: those that they have are what is found.
    asked = {"kind": "file", "mode": "", "owner": "root", "group": "root"}
    found = dict(zip(paths, Host(None).observe([{**asked, "path": path} for path in paths])))
    for path, file in found.items():
        if file["state"] != "file":
            raise FleetError(f"cannot keep {path} to go back to: state is {file['state']}, not file; correct it in files")
    return {path: _entry_of(file) for path, file in found.items()}


def restore(path, event, check_mode):
    """Write the files of a snapshot where they differ, and remove those that were made since."""
    former = _record_files.load(path) or _record.EMPTY
    snapshot = _record.snapshot_of(former, event.to, path)
    wanted = _record.wanted_again(former, snapshot)
    differing = report(wanted, Host(None).observe(wanted), everything=False)
    actions, diff = [], differing["diff"]
    for each in differing["differences"]:
        actions.append(f"{'write' if each['kind'] == 'file' else 'remove'} {each['name']}")
        if not check_mode and each["kind"] == "file":
            _record_files.put_back(each["name"], snapshot["files"][each["name"]])
        elif not check_mode:
            _record_files.remove(each["name"])
    record = _record.restored(former, snapshot)
    if record != former:
        actions.append(f"record: restored {snapshot['method']} {snapshot['version']}")
        diff = [*diff, _entry(path, _shown(former), _shown(record))]
        if not check_mode:
            _record_files.save(path, record)
    return _result(record, actions, diff, restored=_record.told(snapshot))


def forget(path, event, check_mode):
    """Remove the directories on record that are empty, the innermost first, and of the record all but what is kept."""
    record = _record_files.load(path)
    if record is None:
        return _result(None, [], [])
    empty = []
    for made in sorted((item["path"] for item in record["made"] if item["kind"] == "directory"), reverse=True):
        if _record_files.is_empty(made, without=empty):
            empty.append(made)
    if not check_mode:
        for directory in empty:
            _record_files.remove_empty(directory)
    actions = [f"remove {each}" for each in empty]
    left = [item for item in event.made or [] if item["kind"] != "directory" or _stays(item["path"], empty)]
    if left:
        rest = change(path, event._replace(state="kept", made=left), check_mode)
        return {**rest, "actions": actions + rest["actions"], "changed": bool(actions) or rest["changed"]}
    if not check_mode:
        _record_files.forget(path)
    return _result(None, [*actions, f"remove {path}"], [_entry(path, "state: file\n", "state: absent\n")])


def _stays(directory, empty):
    return directory not in empty and os.path.isdir(directory)


def _result(record, actions, diff, **more):
    return {"changed": bool(actions), "actions": actions, "diff": diff, "record": {**_record.found(record), **more}}


def _entry_of(file):
    content = file["content"].decode("utf-8", "surrogateescape")
    return {"content": content, **{field: file[field] for field in ("mode", "owner", "group")}}


def _shown(record):
    return "" if record is None else json.dumps(_record.found(record), indent=1) + "\n"


def _entry(path, before, after):
    return {"before_header": path, "after_header": path, "before": before, "after": after}
