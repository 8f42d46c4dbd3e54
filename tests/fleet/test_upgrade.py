# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Old, new, bad: a version that does not serve is rolled back by itself, and the run says so by failing."""

from __future__ import annotations

import json

import pytest

SYSTEMS = ("debian13",)
OLD, NEW, BAD = "0.32.15", "0.34.4", "0.34.5"
RECORD = "/var/lib/barellama/ollama.json"


@pytest.fixture(scope="module")
def upgraded(fleet):
    fleet.run(ollama_version=OLD).assert_ok()
    assert [node.version() for node in fleet.nodes] == [OLD]
    fleet.run(ollama_version=NEW).assert_ok()
    return fleet


def test_the_new_version_serves_and_the_old_one_is_kept(upgraded):
    for node in upgraded.nodes:
        assert node.version() == NEW
        assert node.sh("readlink /opt/ollama/current").startswith(f"releases/{NEW}-")
        assert node.sh("readlink /opt/ollama/previous").startswith(f"releases/{OLD}-")
    upgraded.run(ollama_version=NEW).assert_unchanged()


def test_a_release_that_cannot_be_fetched_leaves_a_host_as_if_nobody_had_tried(upgraded):
    node = upgraded.nodes[0]
    before = node.process(), node.sh(f"cat {RECORD}")
    run = upgraded.run("site.yml", "--limit", node.name, ollama_version=BAD, ollama_release_url="http://sites:5001/nowhere")
    assert run.status != 0 and "http://sites:5001/nowhere" in run.output, run.output
    assert "Rolled back" not in run.output
    assert (node.process(), node.sh(f"cat {RECORD}")) == before
    upgraded.run("rollback.yml", "--check", "--limit", node.name).assert_ok()
    upgraded.run("site.yml", "--limit", node.name, ollama_version=NEW).assert_unchanged()


def test_what_fails_before_the_version_was_started_is_not_held_against_it(upgraded):
    node = upgraded.nodes[0]
    node.sh("mount --bind /etc/ollama /etc/ollama; mount -o remount,bind,ro /etc/ollama")
    run = upgraded.run("site.yml", "--limit", node.name, ollama_version=BAD)
    node.sh("umount /etc/ollama")
    assert run.status != 0 and f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split()), run.output
    assert json.loads(node.sh(f"cat {RECORD}"))["failed"] == {}
    upgraded.run("site.yml", "--limit", node.name, ollama_version=NEW).assert_unchanged()


def test_a_bad_version_is_rolled_back_and_reported(upgraded):
    before = [node.sh("cat /etc/ollama/default.env") for node in upgraded.nodes]
    run = upgraded.run(ollama_version=BAD, ollama_health_wait=15)

    assert run.status != 0
    assert "port is closed" in run.output or "refused" in run.output, run.output
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split())
    assert [node.version() for node in upgraded.nodes] == [NEW]
    assert [node.sh("cat /etc/ollama/default.env") for node in upgraded.nodes] == before
    assert all(node.sh("readlink /opt/ollama/current").startswith(f"releases/{NEW}-") for node in upgraded.nodes)
    upgraded.run(ollama_version=NEW).assert_unchanged()


def test_the_bad_version_is_remembered_and_not_tried_again_unless_asked(upgraded):
    running = [node.process() for node in upgraded.nodes]
    run = upgraded.run(ollama_version=BAD)
    assert run.status != 0
    assert f"Ollama {BAD} failed on this host at 20" in run.output
    assert "ollama_retry_failed_version: true" in run.output
    assert [node.process() for node in upgraded.nodes] == running

    run = upgraded.run(ollama_version=BAD, ollama_retry_failed_version=True, ollama_health_wait=8)
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split())


def test_a_version_that_answers_and_generates_nothing_is_rolled_back_at_level_four(upgraded):
    faults = "/usr/share/ollama/.ollama/standin-faults.json"
    for node in upgraded.nodes:
        node.sh(f"echo '{{\"no_tokens\": true}}' > {faults}; chmod a+r {faults}")
    run = upgraded.run(ollama_version=OLD, ollama_health_level=4, ollama_health_wait=8)
    assert run.status != 0
    assert "generates nothing" in run.output
    assert [node.version() for node in upgraded.nodes] == [NEW]
    for node in upgraded.nodes:
        node.sh(f"rm {faults}")
    upgraded.run(ollama_version=OLD, ollama_retry_failed_version=True, ollama_health_level=4).assert_ok()
    upgraded.run("upgrade.yml", ollama_version=NEW).assert_ok()
    assert [node.version() for node in upgraded.nodes] == [NEW]


def test_an_address_that_cannot_be_bound_is_rolled_back_to_the_former_one(upgraded):
    run = upgraded.run(ollama_version=NEW, ollama_host="10.9.9.9", ollama_allow_unauthenticated_network=True,
                       ollama_health_wait=8)
    assert run.status != 0
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split())
    assert [node.version() for node in upgraded.nodes] == [NEW]
    upgraded.run(ollama_version=NEW).assert_unchanged()


def test_going_back_to_the_old_version_works(upgraded):
    upgraded.run(ollama_version=OLD).assert_ok()
    assert [node.version() for node in upgraded.nodes] == [OLD]
    upgraded.run(ollama_version=OLD).assert_unchanged()


def test_an_operator_goes_back_with_one_command(upgraded):
    upgraded.run(ollama_version=NEW).assert_ok()
    plan = upgraded.run("rollback.yml", "--check").assert_ok()
    assert plan.changed_tasks() == ["barellama.fleet.ollama : Rollback | Look what served before"]
    assert [node.version() for node in upgraded.nodes] == [NEW]
    upgraded.run("rollback.yml").assert_ok()
    assert [node.version() for node in upgraded.nodes] == [OLD]
    serving = [node.process() for node in upgraded.nodes]
    again = upgraded.run("rollback.yml")
    assert again.status != 0
    assert "This host was rolled back already" in again.output
    assert [node.process() for node in upgraded.nodes] == serving
    upgraded.run(ollama_version=OLD).assert_unchanged()
    assert f"Ollama {NEW} failed on this host at 20" in upgraded.run(ollama_version=NEW).output
    upgraded.run(ollama_version=NEW, ollama_retry_failed_version=True).assert_ok()
    assert [node.version() for node in upgraded.nodes] == [NEW]


def test_a_rollback_to_a_release_that_no_longer_serves_is_undone(upgraded):
    node = upgraded.nodes[0]
    program = f"/opt/ollama/releases/{OLD}-*/bin/ollama"
    node.sh(f"cp -p {program} /root/kept && size=$(stat -c %s {program}) && "
            f"printf '#!/bin/sh\\necho Error: worn out >&2\\nexit 1\\n' > $(echo {program}) && truncate -s $size {program}")
    run = upgraded.run("rollback.yml", "--limit", node.name)
    told = " ".join(run.output.split())
    assert run.status != 0
    assert "Error: worn out" in told, told
    assert f"Ollama {OLD} does not serve here any more, so this host was not rolled back: Ollama {NEW} serves again." in told, told
    assert node.version() == NEW
    upgraded.run(ollama_version=NEW).assert_unchanged()

    node.sh(f"cp -p /root/kept $(echo {program})")
    assert f"{node.name}: Ollama {NEW} -> {OLD}, serving" in upgraded.run("rollback.yml", "--limit", node.name).assert_ok().output
    assert node.version() == OLD


def test_a_rollback_to_a_release_that_is_gone_is_refused_before_anything_is_touched(upgraded):
    node = upgraded.nodes[0]
    upgraded.run(ollama_version=NEW, ollama_retry_failed_version=True).assert_ok()
    node.sh(f"rm -r /opt/ollama/releases/{OLD}-*")
    serving = node.process()
    for options in (["--check"], []):
        run = upgraded.run("rollback.yml", "--limit", node.name, *options)
        assert run.status != 0 and "is no longer on this host, or not complete" in " ".join(run.output.split()), run.output
    assert node.process() == serving
