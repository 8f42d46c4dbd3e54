# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _drift_desired
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

OWNED = {"mode": "0644", "owner": "root", "group": "root"}
DIGEST = "c2" * 32
KINDS = "user, directory, file, key, absent, link, package, unit, engine, container, volume, image, launchd, keg, release, port, record"

WELL_WRITTEN = [
    {"kind": "user", "name": "ollama", "group": "ollama", "home": "/usr/share/ollama", "shell": "/bin/false"},
    {
        "kind": "user",
        "name": "ollama",
        "group": "ollama",
        "home": "/usr/share/ollama",
        "shell": "/bin/false",
        "groups_if_present": ["render"],
        "system": True,
        "uid": 11434,
        "gid": 4294967293,
    },
    {"kind": "directory", "path": "/srv/models/", **OWNED},
    {"kind": "file", "path": "/etc/x", "content": "", **OWNED},
    {"kind": "key", "path": "/etc/k.asc", "fingerprints": ["a1" * 20, "0218 2E60 104F CDC2 6EAE  1B85 97A5 D4CB 8793 F200"], **OWNED},
    {"kind": "absent", "path": "/etc/x"},
    {"kind": "link", "path": "/usr/local/bin/ollama", "target": "../x"},
    {"kind": "package", "name": "libstdc++6"},
    {"kind": "unit", "name": "ollama.service", "enabled": True, "active": False},
    {"kind": "unit", "name": "ollama-b@1.timer", "enabled": True, "active": True, "marker": "A=b=c d"},
    {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {}},
    {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {"amd64": DIGEST, "arm64": DIGEST}},
    {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {}, "own_sums": True, "proven": False},
    {"kind": "unit", "name": "ollama.service", "enabled": True, "active": True, "user": "ollama"},
    {"kind": "engine", "name": "docker", "compose": "2.18.0"},
    {"kind": "engine", "name": "podman", "minimum": "4.4"},
    {"kind": "container", "engine": "docker", "name": "ollama-b", "image": "ollama/ollama@sha256:12", "active": False},
    {
        "kind": "container",
        "engine": "podman",
        "name": "ollama",
        "image": "docker.io/ollama/ollama:0.34.4",
        "active": True,
        "user": "ollama",
        "marker": "A=b",
        "files": ["/etc/containers/systemd/ollama.container"],
    },
    {"kind": "record", "path": "/var/lib/barellama/ollama.json"},
    {"kind": "record", "path": "/var/lib/barellama/ollama.json", "definition": ""},
    {"kind": "port", "address": "0.0.0.0", "port": 1, "unit": "ollama.service"},
    {"kind": "port", "address": "::1", "port": 65535, "unit": "ollama-b.service"},
]


@pytest.mark.parametrize("item", WELL_WRITTEN)
def test_well_written(item):
    _drift_desired.check_desired([item])


@pytest.mark.parametrize("item", WELL_WRITTEN)
def test_every_required_field_is_asked_for(item):
    fields = _drift_desired.KINDS[item["kind"]]
    for key in item:
        if key == "kind" or fields[key].required:
            with pytest.raises(FleetError, match=rf"^desired\[0\] .*: {key} is missing; it "):
                _drift_desired.check_desired([{name: value for name, value in item.items() if name != key}])


@pytest.mark.parametrize("item", WELL_WRITTEN)
@pytest.mark.parametrize("wrong", [None, -7, {"a": "b"}, ["", 1]])
def test_no_field_takes_another_type(item, wrong):
    for key in item:
        with pytest.raises(FleetError, match=rf"^desired\[0\] .*({key} must be|unknown kind)"):
            _drift_desired.check_desired([{**item, key: wrong}])


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (
            {"kind": "directory", "path": "/x", "mode": 0o644, "owner": "a", "group": "b"},
            '(directory /x): mode must be a quoted text of four octal digits such as "0644", not 420',
        ),
        (
            {"kind": "directory", "path": "/x", "mode": "644", "owner": "a", "group": "b"},
            "(directory /x): mode must be a quoted text of four octal digits such as \"0644\", not '644'",
        ),
        (
            {"kind": "directory", "path": "/x", "mode": "0755", "owner": "1000", "group": "b"},
            "(directory /x): owner must be a name, not '1000'",
        ),
        (
            {**WELL_WRITTEN[0], "uid": 4294967294},
            "(user ollama): uid must be a whole number from 0 to 4294967293, not 4294967294",
        ),
        ({**WELL_WRITTEN[0], "gid": "7"}, "(user ollama): gid must be a whole number from 0 to 4294967293, not '7'"),
        ({"kind": "engine", "name": "lxc"}, "(engine lxc): name must be docker or podman, not 'lxc'"),
        (
            {"kind": "engine", "name": "docker", "compose": 2.18},
            '(engine docker): compose must be a quoted version such as "2.18", not 2.18',
        ),
        (
            {"kind": "container", "engine": "docker", "name": "/ollama", "image": "a", "active": True},
            "(container /ollama): name must be a container's name, not '/ollama'",
        ),
        (
            {**WELL_WRITTEN[0], "groups_if_present": [""]},
            "(user ollama): groups_if_present must be a list of group names, not ['']",
        ),
        ({"kind": "fil", "path": "/x"}, "(fil /x): unknown kind; did you mean file?"),
        (
            {"kind": "daemon", "name": "x"},
            "(daemon x): unknown kind; it is one of " + KINDS,
        ),
        (
            {"path": "/x"},
            "(no kind /x): kind is missing; it is one of " + KINDS,
        ),
        ({"kind": "link", "path": "/x", "taget": "y"}, "(link /x): unknown field taget; did you mean target?"),
        ({"kind": "absent", "path": "/x", "force": True}, "(absent /x): unknown field force; absent has path"),
        ({"kind": "link", "target": "y"}, "(link ?): path is missing; it must be an absolute path"),
        ({"kind": "absent", "path": "etc/x"}, "(absent etc/x): path must be an absolute path, not 'etc/x'"),
        (
            {"kind": "package", "name": "zstd=1.5"},
            "(package zstd=1.5): name must be a package's bare name, not 'zstd=1.5'",
        ),
        ({"kind": "package", "name": "--all"}, "(package --all): name must be a package's bare name, not '--all'"),
        (
            {"kind": "unit", "name": "ollama", "enabled": True, "active": True},
            "(unit ollama): name must be a unit with its suffix such as \"ollama.service\", not 'ollama'",
        ),
        (
            {"kind": "unit", "name": "*.service", "enabled": True, "active": True},
            "(unit *.service): name must be a unit with its suffix such as \"ollama.service\", not '*.service'",
        ),
        (
            {"kind": "unit", "name": "a.service", "enabled": "yes", "active": True},
            "(unit a.service): enabled must be true or false, not 'yes'",
        ),
        (
            {"kind": "release", "root": "/opt/ollama", "version": 0.34, "checksums": {}},
            '(release /opt/ollama): version must be a quoted version such as "0.34.4", not 0.34',
        ),
        (
            {"kind": "release", "root": "/opt/ollama", "version": "0.34.4", "checksums": {"x86_64": DIGEST}},
            "(release /opt/ollama): checksums must be a dictionary of amd64 and arm64 to sha256 sums, not a dictionary",
        ),
        (
            {**WELL_WRITTEN[-1], "address": "localhost"},
            "(port localhost:65535): address must be an IP address such as \"127.0.0.1\", not 'localhost'",
        ),
        (
            {**WELL_WRITTEN[-1], "address": "fe80::1%eth0"},
            "(port [fe80::1%eth0]:65535): address must be an IP address such as \"127.0.0.1\", not 'fe80::1%eth0'",
        ),
        ({**WELL_WRITTEN[-1], "port": 0}, "(port [::1]:0): port must be a whole number from 1 to 65535, not 0"),
        (
            {**WELL_WRITTEN[-1], "port": 65536},
            "(port [::1]:65536): port must be a whole number from 1 to 65535, not 65536",
        ),
        (
            {**WELL_WRITTEN[-1], "port": "11434"},
            "(port [::1]:11434): port must be a whole number from 1 to 65535, not '11434'",
        ),
        (
            {**WELL_WRITTEN[-1], "port": True},
            "(port [::1]:True): port must be a whole number from 1 to 65535, not true",
        ),
        (
            {**WELL_WRITTEN[-1], "unit": "ollama"},
            "(port [::1]:65535): unit must be a unit with its suffix such as \"ollama.service\", not 'ollama'",
        ),
    ],
)
def test_complaints(item, complaint):
    with pytest.raises(FleetError) as caught:
        _drift_desired.check_desired([WELL_WRITTEN[0], item])
    assert str(caught.value) == f"desired[1] {complaint}"


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"path": "/x", "target": "/y"}, "/x"),
        ({"name": "zstd"}, "zstd"),
        ({"root": "/opt/ollama"}, "/opt/ollama"),
        ({"address": "127.0.0.1", "port": 11434, "unit": "ollama.service"}, "127.0.0.1:11434"),
        ({"address": "::1", "port": 11434, "unit": "ollama.service"}, "[::1]:11434"),
        ({"port": 11434, "unit": "ollama.service"}, "?"),
        ({}, "?"),
    ],
)
def test_name_of(item, name):
    assert _drift_desired.name_of(item) == name
