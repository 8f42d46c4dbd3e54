# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _daemon_json as daemon_json
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_units as units
from ansible_collections.barellama.fleet.plugins.module_utils._runtime_plan import plan

DOCKER = dict.fromkeys(("docker.io", "docker-cli", "docker-compose", "iptables"), "26.1.5")
TOOLKIT = dict.fromkeys(packages.TOOLKIT, "1.20.0")
SPEC = {"path": "/var/run/cdi/nvidia.yaml", "kind": "nvidia.com/gpu", "version": "0.7.0", "devices": ["0", "all"], "driver": "580.95.05", "hooks": []}
THEIRS = {units.REFRESH_PATH: {"enabled": True, "active": True}, units.REFRESH_SERVICE: {"enabled": True, "active": False}}
OLD = {"docker": {"state": "running", "version": "20.10.24", "compose": "the program docker-compose 1.29.2"}, "podman": {"state": "absent"}}
PODMAN = {"state": "running", "version": "4.9.5"}
EMPTY = {"refusals": [], "notes": [], "differences": [], "manager": "apt", "repositories": [], "packages": [], "toolkit": [],
         "daemon": None, "marker": None, "start": False, "older": False, "restart": False, "bring_back": [], "files": [], "obsolete": [], "aside": [],
         "units": [], "refresh": []}


def bare(**more):
    return {"system": ("debian", [13]), "codename": "trixie", "machine": "x86_64", "manager": "apt",
            "packages": {}, "engines": {"docker": {"state": "absent"}, "podman": {"state": "absent"}},
            "daemon": None, "unreadable": None, "files": {}, "unfinished": [], "toolkits": {}, "specs": [], "missing_hooks": [], "driver": None,
            "vendors": [], "gpus": {"nvidia": False, "amd": False}, "numbered": {"nvidia": None, "amd": []}, "units": {}, "marker": None, **more}


def running(version="26.1.5", **more):
    engines = {"docker": {"state": "running", "version": version, "compose": "2.26.1"}, "podman": {"state": "absent"}}
    return bare(**{"packages": DOCKER, "engines": engines, **more})


def nvidia(**more):
    """A host that is as it should be."""
    return running(**{"packages": {**DOCKER, **TOOLKIT}, "daemon": b'{"features": {"cdi": true}}', "toolkits": {"nvidia": "/usr/bin/nvidia-ctk"},
                      "specs": [SPEC], "driver": "580.95.05", "gpus": {"nvidia": True, "amd": False},
                      "numbered": {"nvidia": ["0"], "amd": []}, "units": THEIRS, **more})


def wanted(**more):
    return {"engine": "docker", "source": "distro", "gpu_vendor": "none", "toolkit_version": "1.20.0", "repositories": {}, "daemon": {},
            "everything": False, **more}


def gpus(**more):
    return wanted(gpu_vendor="nvidia", **more)


@pytest.mark.parametrize(("found", "want"), [
    (bare(), wanted(engine="none")), (running(), wanted()), (nvidia(), gpus()), (nvidia(), wanted()),
    (running(daemon=b'{"debug": true, "dns": ["192.0.2.1"]}'), wanted(daemon={"debug": True})),
    (running(packages={}), wanted()),  # Docker without a package
    (running("28.5.2", packages={"docker-ce": "28.5.2", **dict.fromkeys(packages.VENDORS_DOCKER, "1")}), wanted(daemon={})),
    (running(packages={"docker.io": "20.10.24"}, system=("debian", [12])), wanted()),  # Compose 2 without a package
    (running("28.5.2", packages={"docker-ce": "28.5.2"}), wanted(source="vendor")),
    (bare(system=("sles", [15, 6]), packages={"podman": "4.9.5"}, engines={"docker": {"state": "absent"}, "podman": PODMAN}), wanted(engine="podman")),
    (nvidia(system=("sles", [15, 6]), packages=TOOLKIT), gpus()),
    (running(marker="x", files={units.DAEMON_PATH: units.daemon("x")}), wanted()),
    (nvidia(vendors=["amd", "nvidia"]), gpus()), (nvidia(vendors=["nvidia"]), gpus()), (running(vendors=["amd"]), wanted()),
    (nvidia(daemon=None, engines={"docker": {"state": "running", "version": "28.5.2"}}), gpus()),
])
def test_nothing_is_done_where_all_is_as_wanted(found, want):
    assert plan(found, want) == EMPTY


def test_everything_is_also_what_is_there_and_no_difference():
    ours = units.nvidia("/usr/bin/nvidia-ctk")
    shown = {name: {"enabled": True, "active": True} for name in (units.OUR_SERVICE, units.OUR_PATH)}
    made = plan(nvidia(files=ours, units=shown), gpus(everything=True))
    assert made["packages"] == list(DOCKER) and made["toolkit"] == [f"{name}=1.20.0-1" for name in TOOLKIT]
    assert {file["path"] for file in made["files"]} == set(ours) and {unit["name"] for unit in made["units"]} == set(shown)
    assert made["start"] and not made["restart"] and made["daemon"] is None and not made["refresh"] and made["differences"] == []


def test_a_bare_host_gets_the_engine_and_then_what_it_was_asked_for():
    made = plan(bare(), gpus(daemon={"debug": True}))
    assert made["packages"] == ["docker.io", "docker-cli", "docker-compose", "iptables"]
    assert made["toolkit"] == [f"{name}=1.20.0-1" for name in packages.TOOLKIT]
    assert daemon_json.parse(made["daemon"].encode()) == {"debug": True}  # the rest when its version is known
    assert not made["restart"] and not made["start"] and not made["units"]
    assert "package docker.io is absent, not installed" in made["differences"]
    assert [repository["name"] for repository in made["repositories"]] == ["nvidia-container-toolkit"]
    assert plan(bare(manager="dnf"), gpus())["toolkit"][0] == "nvidia-container-toolkit-1.20.0-1"


@pytest.mark.parametrize(("packages_there", "there"), [
    ({}, ["docker"]), ({"docker-ce": "28.5.2"}, ["docker"]), (dict.fromkeys(packages.VENDORS_DOCKER, "1"), []),
])
def test_docker_s_own_repository_is_added_for_what_is_missing_from_it(packages_there, there):
    engines = {"docker": {"state": "running", "version": "28.5.2"}} if packages_there else {"docker": {"state": "absent"}}
    made = plan(bare(system=("debian", [12]), packages=packages_there, engines=engines), wanted(source="vendor", repositories={"docker": {"url": "x"}}))
    assert [repository["name"] for repository in made["repositories"]] == there
    assert all(repository["url"] == "x" for repository in made["repositories"])


@pytest.mark.parametrize(("found", "want", "words"), [
    (bare(system=("debian", [12])), wanted(), "debian 12 has no package of Docker with Compose 2; set container_runtime_source: vendor"),
    (bare(system=("el", [9, 6])), wanted(), "el 9.6 has no package of Docker"),
    (running("20.10.24", system=("debian", [12]), packages={"docker.io": "20.10.24"}, engines=OLD), wanted(source="vendor"),
     "debian 12 has no package of Docker with Compose 2; remove its docker.io, and set container_runtime_source: vendor"),
    (bare(vendors=["amd"]), gpus(), "container_runtime_gpu_vendor: this host has GPUs of AMD, not of NVIDIA; correct it, or ollama_gpu_vendor"),
    (bare(system=("arch", [])), wanted(engine="podman"), "nobody knows the packages of Podman on arch"),
    (running(system=("opensuse-leap", [15, 6]), packages={}), gpus(),
     "container_runtime_gpu_vendor: NVIDIA's toolkit is not installed on opensuse-leap 15.6 by this role; install "
     "nvidia-container-toolkit 1.20.0 there yourself, and it is used as it is"),
    (bare(system=("", [])), wanted(), "on a distribution without a name"),
    (running(daemon=b'{"debug": true,}'), wanted(), "daemon.json is not what Docker can read: line 1, column"),
    (running(unreadable="cannot read /etc/docker/daemon.json: Is a directory"), wanted(), "Is a directory; mend it, and run again; nothing was changed"),
])
def test_what_cannot_be_is_refused_in_one_line(found, want, words):
    made = plan(found, want)
    assert len(made["refusals"]) == 1 and words in made["refusals"][0] and "\n" not in made["refusals"][0]
    assert made["differences"] == []


def test_a_specification_newer_than_any_tool_writes_is_left_to_an_engine_that_reads_what_they_write():
    newer = {**SPEC, "version": "1.0.0"}
    assert plan(nvidia(specs=[newer]), gpus())["differences"] == []
    engines = {"docker": {"state": "running", "version": "25.0.3", "compose": "2.26.1"}, "podman": {"state": "absent"}}
    differences = plan(nvidia(specs=[newer], engines=engines), gpus())["differences"]
    assert "/var/run/cdi/nvidia.yaml: it is of CDI 1.0.0, and Docker 25.0.3 reads up to 0.6.0" in differences


def test_a_broken_daemon_json_is_nobody_s_business_where_docker_is_not_wanted():
    podman = {"docker": {"state": "running", "version": "26.1.5"}, "podman": {"state": "running", "version": "5.4.2"}}
    found = running(daemon=b"{", engines=podman, packages=dict.fromkeys(packages.NEWER_PODMAN, "1"))
    assert plan(found, wanted(engine="podman")) == EMPTY


@pytest.mark.parametrize(("found", "want", "restart", "words"), [
    (running(), wanted(daemon={"debug": True}), True, "/etc/docker/daemon.json: debug is nothing, not true"),
    (running(daemon=b'{"debug": true}', files={units.DAEMON_PATH: units.daemon("new")}, marker="old"), wanted(daemon={"debug": True}), True,
     "docker.service runs with an older daemon.json"),
    (running(daemon=b'{"debug": true}', files={units.DAEMON_PATH: units.daemon("new")}, marker="new"), wanted(daemon={"debug": True}), False, None),
    (running(unfinished=["0123456789abcdef"]), wanted(), False, "container 0123456789ab was stopped with Docker"),
    (running(engines={"docker": {"state": "stopped"}}), wanted(), False, "docker.service is stopped, not running"),
    (running("20.10.24"), gpus(), True, "/etc/docker/daemon.json: runtimes.nvidia.path is nothing, not 'nvidia-container-runtime'"),
])
def test_docker_is_restarted_only_for_what_it_has_not_read(found, want, restart, words):
    made = plan(found, want)
    assert made["restart"] is restart and made["older"] is (found["marker"] == "old")
    assert words in made["differences"] if words else not made["differences"]


def test_a_docker_that_gives_gpus_by_a_hook_is_warned_about():
    assert ["daemon-reload" in note for note in plan(running("20.10.24"), gpus())["notes"]] == [True]
    assert not plan(running("26.1.5"), gpus())["notes"]


@pytest.mark.parametrize("there", [
    {}, {"nvidia-container-toolkit": "1.17.7"}, {**TOOLKIT, "libnvidia-container1": "1.19.0"}, dict.fromkeys(TOOLKIT, "1.21.0"),
])
def test_the_toolkit_is_four_packages_of_one_version(there):
    made = plan(nvidia(packages={**DOCKER, **there}), gpus())
    assert len(made["toolkit"]) == 4 and made["differences"]
    assert not made["refresh"]  # looked at again once they are there


@pytest.mark.parametrize(("change", "refresh", "aside", "words"), [
    ({"specs": []}, True, [], "there is no specification of nvidia.com/gpu in /etc/cdi or /var/run/cdi"),
    ({"driver": "595.71.05"}, True, [], "/var/run/cdi/nvidia.yaml: it is for the driver 580.95.05, and 595.71.05 is loaded"),
    ({"numbered": {"nvidia": ["0:0", "0:1"], "amd": []}}, True, [], "/var/run/cdi/nvidia.yaml: it has the devices 0, and the host has 0:0, 0:1"),
    ({"specs": [SPEC, {**SPEC, "path": "/etc/cdi/nvidia.yaml", "driver": "550.163.01"}]}, False, ["/etc/cdi/nvidia.yaml"],
     "/etc/cdi/nvidia.yaml: it is for the driver 550.163.01, and 580.95.05 is loaded"),
    ({"specs": [{**SPEC, "path": "/etc/cdi/nvidia.yaml", "driver": "550.163.01"}]}, True, ["/etc/cdi/nvidia.yaml"], None),
    ({"specs": [SPEC, {**SPEC, "path": "/etc/cdi/own.yaml", "driver": None, "devices": ["null"]}]}, False, [], ""),
    ({"specs": [SPEC, {**SPEC, "kind": "a.b/c", "driver": "1"}]}, False, [], ""),
    ({"driver": None, "gpus": {"nvidia": False, "amd": False}, "specs": []}, False, [], ""),
    ({"specs": [], "engines": {"docker": {"state": "running", "version": "24.0.7"}},
      "daemon": daemon_json.text(daemon_json.LEGACY).encode()}, False, [], ""),
])
def test_a_specification_that_does_not_fit_is_written_anew(change, refresh, aside, words):
    made = plan(nvidia(**change), gpus())
    assert made["refresh"] == ([units.REFRESH_SERVICE] if refresh else []) and made["aside"] == aside
    assert made["differences"] == [] if words == "" else words is None or words in made["differences"]


@pytest.mark.parametrize(("shown", "names"), [
    ({}, [units.OUR_SERVICE, units.OUR_PATH]),
    ({units.REFRESH_PATH: {"enabled": False, "active": False}}, [units.REFRESH_SERVICE, units.REFRESH_PATH]),
    ({**THEIRS, units.REFRESH_PATH: {"enabled": True, "active": False}}, [units.REFRESH_PATH]),
    (THEIRS, []),
])
def test_specifications_are_kept_fresh_by_the_toolkit_s_units_or_by_ours(shown, names):
    made = plan(nvidia(units=shown), gpus())
    assert [unit["name"] for unit in made["units"]] == names
    assert {file["path"] for file in made["files"]} == (set() if shown else set(units.nvidia("x")))
    assert all(unit["active"] == unit["name"].endswith(".path") for unit in made["units"])


def test_units_of_ours_go_when_the_toolkit_brings_its_own():
    ours = units.nvidia("/usr/bin/nvidia-ctk")
    assert plan(nvidia(files=ours), gpus())["obsolete"] == list(ours)
    assert plan(nvidia(files=ours, units={name: {"enabled": True, "active": True} for name in (units.OUR_SERVICE, units.OUR_PATH)}), gpus()) == EMPTY
    assert plan(running(files=ours), wanted())["obsolete"] == list(ours)


def test_an_engine_that_cannot_read_the_toolkit_s_format_gets_an_older_one():
    podman = {"docker": {"state": "absent"}, "podman": {"state": "running", "version": "4.9.3"}}
    made = plan(nvidia(engines=podman, system=("ubuntu", [24, 4])), gpus(engine="podman"))
    assert [file["path"] for file in made["files"]] == [units.FLAGS_PATH] and made["refresh"] == [units.REFRESH_SERVICE]
    assert "/var/run/cdi/nvidia.yaml: it is of CDI 0.7.0, and Podman 4.9.3 reads up to 0.6.0" in made["differences"]


def test_amd_s_toolkit_is_kept_fresh_where_it_is_and_not_missed_where_it_is_not():
    card = {"gpus": {"nvidia": False, "amd": True}, "numbered": {"nvidia": None, "amd": ["0"]}, "daemon": b'{"features": {"cdi": true}}'}
    assert plan(running(**card), wanted(gpu_vendor="amd")) == EMPTY
    made = plan(running(**card, toolkits={"amd": "/usr/bin/amd-ctk"}), wanted(gpu_vendor="amd"))
    assert [unit["name"] for unit in made["units"]] == made["refresh"] == [units.AMDS_SERVICE]
    assert [file["path"] for file in made["files"]] == list(units.amd("x"))
