# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A vendor's repository on a node: added, found as it is, refused when it or its key is another one, removed."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.standin.vendor.deb import write_repository
from tests.standin.vendor.package import Package
from tests.standin.vendor.signing import Key

SYSTEMS = ("debian13",)
FILES = "ls /etc/apt/sources.list.d/mock.sources /etc/apt/preferences.d/mock.pref /etc/apt/keyrings/mock.asc 2>/dev/null || true"


@pytest.fixture(scope="module")
def mock(fleet, tmp_path_factory):
    """The role's variables for a repository that lies on the node itself."""
    home, repository = tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("mock")
    home.chmod(0o700)
    key = Key(home, "Mock vendor")
    write_repository(repository, [Package("mock-driver", version) for version in ("580.105.08-1", "590.48.01-1")], "amd64", key)
    subprocess.run(["docker", "cp", "-q", repository, f"{fleet.nodes[0].container}:/srv/mock"], check=True)
    fleet.nodes[0].sh("chmod -R a+rX /srv")
    return {"vendor_repo_name": "mock", "vendor_repo_url": "file:/srv/mock", "vendor_repo_suites": ["./"], "vendor_repo_key": key.public,
            "vendor_repo_key_fingerprints": [key.fingerprint], "vendor_repo_pins": [{"packages": ["mock-*"], "version": "580.105.08*"}]}


def play(fleet, variables, *arguments, **others):
    role = {"ansible.builtin.include_role": {"name": "barellama.fleet.vendor_repo"}, "vars": variables}
    playbook = fleet.folder / "vendor_repo.yml"
    playbook.write_text(json.dumps([{"hosts": ":".join(node.name for node in fleet.nodes), "gather_facts": False, "tasks": [role]}]))
    return fleet.play(playbook, *arguments, **others)


def said(run):
    return " ".join(run.output.split())


def test_another_key_is_refused_before_anything_is_touched(fleet, mock):
    run = play(fleet, {**mock, "vendor_repo_key_fingerprints": ["02182E60104FCDC26EAE1B8597A5D4CB8793F200"]})
    assert run.status != 0
    assert f"the key is {mock['vendor_repo_key_fingerprints'][0]}, not 02182E60104FCDC26EAE1B8597A5D4CB8793F200" in said(run)
    assert fleet.nodes[0].sh(FILES) == ""


def test_a_repository_whose_signature_is_not_good_is_not_added(fleet, mock):
    node = fleet.nodes[0]
    node.sh("sed -i s/Origin/Urigin/ /srv/mock/InRelease")
    run = play(fleet, mock)
    node.sh("sed -i s/Urigin/Origin/ /srv/mock/InRelease")
    assert run.status != 0
    assert "file:/srv/mock: W:" in said(run) and "signature verification" in said(run)
    assert "The repository was not added to the host" in said(run)
    assert "mock.sources" not in node.sh(FILES)
    node.sh("apt-get check")


def test_it_is_planned_added_and_then_found_without_it(fleet, mock):
    node = fleet.nodes[0]
    plan = play(fleet, mock, "--check", "--diff").assert_ok()
    assert "+Signed-By: /etc/apt/keyrings/mock.asc" in plan.output and "mock.sources" not in node.sh(FILES)
    play(fleet, mock).assert_ok()
    assert "Candidate: 580.105.08-1" in node.sh("apt-cache policy mock-driver")
    node.sh("mv /srv/mock /srv/away")
    play(fleet, mock).assert_unchanged()
    node.sh("mv /srv/away /srv/mock")
    play(fleet, mock, fleet_probe=False).assert_unchanged()


def test_a_run_that_was_killed_before_its_end_is_finished_by_the_next(fleet, mock):
    node = fleet.nodes[0]
    node.sh("rm /etc/apt/sources.list.d/mock.sources /var/lib/apt/lists/*mock*; echo > /etc/apt/keyrings/mock.asc")
    play(fleet, mock).assert_ok()
    assert "Candidate: 580.105.08-1" in node.sh("apt-cache policy mock-driver")


def test_it_is_removed_with_its_key(fleet, mock):
    play(fleet, {**mock, "vendor_repo_state": "absent"}).assert_ok()
    assert fleet.nodes[0].sh(FILES) == ""
    play(fleet, {**mock, "vendor_repo_state": "absent"}).assert_unchanged()
