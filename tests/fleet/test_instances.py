# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several servers on one host: each changes alone, one that is taken out of the list goes, and removal leaves nothing."""

from __future__ import annotations

import pytest

SYSTEMS = ("debian12",)
TWO = [{"name": "default"}, {"name": "second", "port": 11435}]
SHARED = {"ollama_models_dir": "/srv/models", "ollama_group": "ai", "ollama_gid": 2000, "ollama_umask": "0002"}
EVERYTHING = """
places="/opt /etc /usr/local /usr/share/ollama /var/lib/barellama"
find $places -printf '%p %m %u:%g %l\\n' | sort | sha256sum
find $places -type f -exec sha256sum {} + | sort | sha256sum
systemctl is-active ollama
systemctl show -P MainPID ollama
"""
OURS = "/opt/ollama /etc/ollama /etc/systemd/system/ollama*.service /usr/local/bin/ollama"


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
    before = [node.sh(EVERYTHING) for node in pair.nodes]
    for models_too, account in ((False, "stay in /usr/share/ollama, and the account ollama"),
                                (True, "Accounts to be removed: ollama")):
        plan = " ".join(pair.run("remove.yml", "--check", "--diff", ollama_remove_models=models_too).assert_ok().output.split())
        for told in ("To be stopped and removed: ollama.service", "/usr/local/bin/ollama", "all releases in /opt/ollama", account):
            assert told in plan, plan
        assert ("with all models: /usr/share/ollama" in plan) == models_too
    assert [node.sh(EVERYTHING) for node in pair.nodes] == before

    pair.run("remove.yml").assert_ok()
    for node in pair.nodes:
        assert not answers(node, 11434)
        assert node.sh(f"ls -d {OURS} 2>/dev/null || true") == ""
        assert node.holds("test -d /usr/share/ollama/.ollama/models/manifests && getent passwd ollama")
        assert node.holds("test -e /etc/systemd/system/ollama.service.d/mine.conf")
    pair.run("remove.yml").assert_unchanged()


def test_a_removed_host_serves_again_without_a_download_of_models(pair):
    run = pair.run().assert_ok()
    assert "barellama.fleet.ollama_models : Reconcile | Pull what is missing" not in run.changed_tasks()
    pair.run("remove.yml").assert_ok()


def test_models_that_a_removal_left_go_with_a_later_one(pair):
    node = pair.nodes[0]
    pair.run("remove.yml", "--limit", node.name, "-e", "ollama_remove_models=false").assert_unchanged()
    pair.run("remove.yml", "--limit", node.name, "-e", "ollama_remove_models=true").assert_ok()
    assert not node.holds("ls -d /usr/share/ollama /var/lib/barellama || getent passwd ollama")
    run = pair.run("remove.yml", "--limit", node.name, ollama_remove_models=True).assert_unchanged()
    assert "Nothing on this host is on record" in run.output


def test_a_store_that_was_there_before_and_files_of_others_in_our_directories_stay_whatever_is_asked(pair):
    node = pair.nodes[0]
    node.sh("mkdir -p /data/models/blobs && echo theirs > /data/models/blobs/theirs && chmod -R 0777 /data")
    pair.run("site.yml", "--limit", node.name, ollama_models_dir="/data/models").assert_ok()
    node.sh("echo theirs > /opt/ollama/notes.txt")
    run = pair.run("remove.yml", "--limit", node.name, ollama_models_dir="/data/models", ollama_remove_models=True).assert_ok()
    assert "Models that are in /data/models stay in any case" in " ".join(run.output.split())
    assert node.sh("ls /opt/ollama; cat /opt/ollama/notes.txt /data/models/blobs/theirs").split() == ["notes.txt", "theirs", "theirs"]
    assert node.holds("ls /data/models/manifests") and not node.holds("ls -d /var/lib/barellama || getent passwd ollama")


def test_what_is_on_record_by_adoption_alone_is_not_removed(pair):
    node = pair.nodes[0]
    node.sh("echo '[Service]' > /etc/systemd/system/theirs.service")
    made = [{"kind": "unit", "name": "theirs.service", "method": "systemd"},
            {"kind": "file", "path": "/etc/systemd/system/theirs.service"}]
    pair.module(node, "ollama_record", state="proven", definition="adopted", method="systemd", version="0.32.15", made=made).assert_ok()
    for options in ({}, {"ollama_remove_models": True}):
        run = pair.run("remove.yml", "--limit", node.name, **options)
        assert run.status != 0 and "What serves here was set up by others" in " ".join(run.output.split())
    assert node.holds("test -e /etc/systemd/system/theirs.service && test -e /var/lib/barellama/ollama.json")
    node.sh("rm -r /etc/systemd/system/theirs.service /var/lib/barellama")


def test_a_number_that_another_account_has_is_refused_before_anything_is_touched(pair):
    for node in pair.nodes:
        node.sh("useradd --system --uid 11434 --no-create-home scanner")
    run = pair.run()
    assert run.status != 0
    assert "ollama_uid: 11434 is that of scanner on this host" in run.output
    for node in pair.nodes:
        assert not node.holds(f"ls -d {OURS} || getent passwd ollama || getent group ollama")
        node.sh("userdel scanner")


def test_a_store_that_others_share_keeps_its_owner_and_mode_and_one_that_cannot_be_written_is_refused(pair):
    for node in pair.nodes:
        node.sh("groupadd --gid 2000 ai; mkdir -p /srv/models; chgrp ai /srv/models; chmod 2755 /srv/models")
    run = pair.run(**SHARED)
    assert run.status != 0
    assert "there ollama has no right to write" in " ".join(run.output.split())
    assert not any(node.holds(f"ls -d {OURS} || getent passwd ollama") for node in pair.nodes)

    for node in pair.nodes:
        node.sh("chmod 2775 /srv/models")
    pair.run(**SHARED).assert_ok()
    pair.run(fleet_probe=False, **SHARED).assert_unchanged()
    pair.run("remove.yml", ollama_remove_models=True, **SHARED).assert_ok()
    for node in pair.nodes:
        assert node.sh("stat -c '%U:%G %a' /srv/models") == "root:ai 2775"
        assert node.sh("stat -c %G /srv/models/blobs/* | sort -u; getent group ai") == "ai\nai:x:2000:"
