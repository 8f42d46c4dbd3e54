# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A vendor's repository on nodes with apt and dnf: added, found as it is, refused when it or its key is another one, removed."""

from __future__ import annotations

import json
import platform
import subprocess

import pytest

from .conftest import BED

SYSTEMS = ("debian13", "ubuntu2404", "el9")
CUDA = {"x86_64": "x86_64", "aarch64": "sbsa"}[platform.machine()]
PINNED = "580.105.08"
PACKAGES = {"debian13": "nvidia-driver-cuda", "ubuntu2404": "nvidia-utils-580", "el9": "nvidia-driver-cuda"}
FILES = "find /etc/apt /etc/yum.repos.d /etc/pki/rpm-gpg -name '*mock*' 2>/dev/null || true"
INSTALLED = "dpkg-query -W -f '${Version}' %s 2>/dev/null || rpm -q %s"
OWN_SOURCES = {"debian13": "apt-get check", "ubuntu2404": "apt-get update -o APT::Update::Error-Mode=any", "el9": "dnf -q makecache"}
NOBODY = "02182E60104FCDC26EAE1B8597A5D4CB8793F200"


@pytest.fixture(scope="module", name="mock")
def _mock(fleet):
    """The role's variables for each node: NVIDIA's drivers of its system."""
    vendor = fleet.vendor()
    common = {"name": "mock", "state": "present", "signed": "both", "key_url": f"{vendor['url']}/keys/cuda.asc",
              "key_fingerprints": [vendor["fingerprints"]["cuda"]], "pins": [{"packages": ["*nvidia*", "libcuda1"], "version": f"{PINNED}*"}]}
    distros = {"debian13": "debian13", "ubuntu2404": "ubuntu2404", "el9": "rhel10"}
    return {node: {**common, "url": f"{vendor['url']}/cuda/{distro}/{CUDA}", "suites": [] if node == "el9" else ["./"],
                   "package": PACKAGES[node]}
            for node, distro in distros.items()}


def play(fleet, mock, *arguments, also=(), **others):
    """The role on every node, with its node's variables."""
    names = next(iter(mock.values())).keys() - {"package"}
    role = {"ansible.builtin.include_role": {"name": "barellama.fleet.vendor_repo"},
            "vars": {f"vendor_repo_{name}": f"{{{{ mock[inventory_hostname].{name} }}}}" for name in sorted(names)}}
    playbook = fleet.folder / "vendor_repo.yml"
    playbook.write_text(json.dumps([{"hosts": ":".join(mock), "gather_facts": False, "tasks": [role, *also]}]))
    return fleet.play(playbook, *arguments, mock=mock, **others)


def changed(mock, **variables):
    return {node: {**own, **variables} for node, own in mock.items()}


def said(run):
    return " ".join(run.output.split())


def test_another_key_is_refused_before_anything_is_touched(fleet, mock):
    run = play(fleet, changed(mock, key_fingerprints=[NOBODY]))
    assert run.status != 0
    for node in fleet.nodes:
        own = mock[node.name]
        assert f"{own['key_url']}: the key is {own['key_fingerprints'][0]}, not {NOBODY}; nothing was trusted" in said(run)
        assert run.hosts[node.name]["failures"] == 1
        assert node.sh(FILES) == ""


def test_a_repository_whose_signature_is_not_good_is_not_added(fleet, mock):
    vendor = fleet.vendor()
    wrong = changed(mock, url=f"{vendor['url']}/tampered/apt")
    wrong["el9"] |= {"url": f"{vendor['url']}/tampered/dnf", "key_url": f"{vendor['url']}/keys/toolkit.asc",
                     "key_fingerprints": [vendor["fingerprints"]["toolkit"]]}
    run = play(fleet, wrong)
    assert run.status != 0
    assert "signature verification" in said(run) and "The repository was not added to the host" in said(run)
    for node in fleet.nodes:
        assert run.hosts[node.name]["failures"] == 1 and f"{wrong[node.name]['url']}: " in said(run)
        assert "sources.list.d" not in node.sh(FILES) and "yum.repos.d" not in node.sh(FILES)
        node.sh(OWN_SOURCES[node.name])
        node.sh("rm -f $(find /etc/pki /etc/apt -name '*mock*')")


def test_a_repository_that_the_host_has_with_another_key_is_refused_and_an_older_file_of_ours_gives_way(fleet, mock):
    node, own = fleet.nodes[0], mock[fleet.nodes[0].name]
    older = "/etc/apt/sources.list.d/older-mock.list"
    node.sh(f"touch /etc/apt/keyrings/other.asc; echo 'deb [signed-by=/etc/apt/keyrings/other.asc] {own['url']} ./' > {older}")
    run = play(fleet, {node.name: own})
    assert run.status != 0 and "The repository was not added to the host; remove the other source of it: grep -r" in said(run), run.output
    assert own["url"] in said(run) and not node.holds("test -e /etc/apt/sources.list.d/mock.sources") and node.holds(f"test -e {older}")

    obsolete = changed({node.name: own}, obsolete=[older])
    assert f"absent {older}" in said(play(fleet, obsolete, "--check", "--diff").assert_ok()) and node.holds(f"test -e {older}")
    play(fleet, obsolete).assert_ok()
    assert not node.holds(f"test -e {older}") and node.holds("test -e /etc/apt/sources.list.d/mock.sources")
    play(fleet, obsolete).assert_unchanged()
    play(fleet, changed({node.name: own}, state="absent")).assert_ok()
    assert node.sh(FILES) == ""


def test_it_is_planned_added_and_gives_the_pinned_version(fleet, mock):
    plan = play(fleet, mock, "--check", "--diff").assert_ok()
    assert "+Signed-By: /etc/apt/keyrings/mock.asc" in plan.output and "+gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-mock" in plan.output
    assert [node.sh(FILES) for node in fleet.nodes] == [""] * len(SYSTEMS)

    play(fleet, mock, also=[{"ansible.builtin.package": {"name": "{{ mock[inventory_hostname].package }}"}}]).assert_ok()

    for node in fleet.nodes:
        assert PINNED in node.sh(INSTALLED % (PACKAGES[node.name], PACKAGES[node.name])), node.name
        assert node.sh("nvidia-smi || echo $?").endswith("\n9")


def test_a_second_run_needs_no_network_and_finds_the_same_without_the_probe(fleet, mock):
    network = f"barellama-{BED}"
    for node in fleet.nodes:
        subprocess.run(["docker", "network", "disconnect", network, node.container], check=True)
    try:
        run = play(fleet, mock).assert_unchanged()
    finally:
        for node in fleet.nodes:
            subprocess.run(["docker", "network", "connect", "--alias", node.name, network, node.container], check=True)
    assert len([task for task in run.tasks if task["where"] == "host"]) == len(SYSTEMS), run.tasks
    play(fleet, mock, fleet_probe=False).assert_unchanged()


def test_a_run_that_was_killed_before_its_end_is_finished_by_the_next(fleet, mock):
    for node in fleet.nodes:  # the key half written, and the source not yet
        node.sh("for key in $(find /etc/apt/keyrings /etc/pki/rpm-gpg -name '*mock*'); do head -c 100 $key > /tmp/k; cat /tmp/k > $key; done\n"
                "rm -rf /etc/apt/sources.list.d/mock.sources /etc/yum.repos.d/mock.repo /var/lib/apt/lists/*cuda* /var/cache/dnf/mock*")
    play(fleet, mock).assert_ok()
    for node in fleet.nodes:
        assert node.sh({"el9": "dnf -q list --showduplicates nvidia-driver-cuda"}.get(node.name, "apt-cache show nvidia-driver-pinning-615"))
    play(fleet, mock).assert_unchanged()


def test_it_is_removed_with_its_key(fleet, mock):
    gone = changed(mock, state="absent")
    play(fleet, gone).assert_ok()
    assert [node.sh(FILES) for node in fleet.nodes] == [""] * len(SYSTEMS)
    assert fleet.nodes[-1].sh("rpm -qa 'gpg-pubkey*'") == ""
    play(fleet, gone).assert_unchanged()
