# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several servers on one host: each changes alone, one that is taken out of the list goes, and removal leaves nothing."""

from __future__ import annotations

import pytest

TWO = [{"name": "default"}, {"name": "second", "port": 11435}]
OURS = "/opt/ollama /etc/ollama /etc/systemd/system/ollama*.service /usr/local/bin/ollama /var/lib/barellama"


@pytest.fixture(scope="module")
def pair(fleet):
    fleet.run(ollama_instances=TWO).assert_ok()
    return fleet


def answers(node, port):
    return node.holds(f"curl -sf http://127.0.0.1:{port}/api/version")


def test_both_serve_from_one_store_that_only_the_first_prunes(pair):
    pair.run(ollama_instances=TWO).assert_unchanged()
    for node in pair.nodes:
        assert answers(node, 11434) and answers(node, 11435)
        assert node.sh("curl -sf http://127.0.0.1:11435/api/tags") == node.sh("curl -sf http://127.0.0.1:11434/api/tags")
        assert node.sh("grep -l OLLAMA_NOPRUNE=1 /etc/ollama/*.env") == "/etc/ollama/second.env"


def test_a_setting_of_one_restarts_only_that_one(pair):
    before = [(node.process(), node.process("ollama-second.service")) for node in pair.nodes]
    pair.run(ollama_instances=[TWO[0], {**TWO[1], "settings": {"keep_alive": "7m"}}]).assert_ok()
    for node, (first, second) in zip(pair.nodes, before):
        assert node.process() == first
        assert node.process("ollama-second.service") != second


def test_settings_that_do_not_serve_are_restored_even_after_a_run_that_was_killed_before_its_gate(pair):
    """What a killed run leaves: settings on disk that nobody proved, and no memory of them but the record."""
    node = pair.nodes[0]
    proven = node.sh("cat /etc/ollama/default.env")
    node.sh("sed -i s/^OLLAMA_HOST=.*/OLLAMA_HOST=10.9.9.9:11434/ /etc/ollama/default.env; systemctl restart ollama || true")
    run = pair.run("site.yml", "--limit", node.name, ollama_instances=TWO, ollama_host="10.9.9.9",
                   ollama_allow_unauthenticated_network=True, ollama_health_wait=5)
    assert run.status != 0
    assert "Rolled back" in run.output
    assert node.sh("cat /etc/ollama/default.env") == proven
    assert answers(node, 11434) and answers(node, 11435)


def test_two_instances_may_change_places(pair):
    swapped = [{"name": "default", "port": 11435}, {"name": "second", "port": 11434}]
    pair.run(ollama_instances=swapped).assert_ok()
    pair.run(ollama_instances=swapped).assert_unchanged()


def test_an_instance_that_is_taken_out_is_retired_and_another_s_process_stays(pair):
    pair.run(ollama_instances=TWO).assert_ok()
    before = [node.process() for node in pair.nodes]
    assert pair.run("drift.yml").changed_tasks() != []
    pair.run().assert_ok()
    for node, process in zip(pair.nodes, before):
        assert not answers(node, 11435)
        assert not node.holds("ls /etc/ollama/second.env /etc/systemd/system/ollama-second.service")
        assert node.process() == process
    pair.run().assert_unchanged()


def test_removal_shows_its_plan_takes_what_was_made_and_leaves_models_and_what_others_made(pair):
    for node in pair.nodes:
        node.sh("mkdir -p /etc/systemd/system/ollama.service.d; echo '[Service]' > /etc/systemd/system/ollama.service.d/mine.conf")
    assert "/opt/ollama" in pair.run("remove.yml", "--check", "--diff").assert_ok().output
    assert all(answers(node, 11434) for node in pair.nodes)

    pair.run("remove.yml").assert_ok()
    for node in pair.nodes:
        assert not answers(node, 11434)
        assert node.sh(f"ls -d {OURS} 2>/dev/null || true") == ""
        assert node.holds("test -d /usr/share/ollama/.ollama/models/manifests && getent passwd ollama")
        assert node.holds("test -e /etc/systemd/system/ollama.service.d/mine.conf")
    pair.run("remove.yml").assert_unchanged()


def test_a_removed_host_serves_again_without_a_download_of_models_and_models_go_when_asked(pair):
    run = pair.run().assert_ok()
    assert "barellama.fleet.ollama_models : Reconcile | Pull what is missing" not in run.changed_tasks()
    pair.run("remove.yml", ollama_remove_models=True).assert_ok()
    assert not any(node.holds("ls /usr/share/ollama/.ollama/models/blobs") for node in pair.nodes)
