# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades that die by SIGKILL, on the host and on the control node; the next run repairs what they left.

Death before every single write of an installation is tested beside the module, in test__install.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

SYSTEMS = ("debian12",)
OLD, NEW, BAD = "0.32.15", "0.34.4", "0.34.5"
ATTEMPTS = 5
PATIENCE = 300

# What is on the host once the module has begun with a step, and is gone or joined by more when the step is done.
BEGUN = {
    "download": "/opt/ollama/downloads/*.partial",
    "unpacking": "/opt/ollama/.staging-*/tree",
    "switch": f"/opt/ollama/releases/{NEW}-*",
}
# The module writes its process id into the lock.
KILL_ONCE = 'until set -- {begun}; [ -e "$1" ]; do :; done; kill -9 "$(cat /opt/ollama/.lock)"'


@pytest.fixture(scope="module")
def serving(fleet):
    """Hosts that serve the old version, which has to survive whatever happens."""
    fleet.run(ollama_version=OLD).assert_ok()
    slow_download = [{"path": f"/releases/v{NEW}/*.zst", "rate": 20_000}]
    subprocess.run(["docker", "exec", fleet.sites, "curl", "-sf", "-X", "PUT", "http://sites:5001/_faults",
                    "-d", json.dumps(slow_download)], check=True, capture_output=True)
    return fleet


def kill_once_begun(fleet, node, moment):
    """Start the upgrade, kill the module as soon as the step has begun, then the run."""
    kill_run_when(fleet, node, KILL_ONCE.format(begun=BEGUN[moment]), ollama_version=NEW)


def kill_run_when(fleet, node, script, **variables):
    """Start a run, and kill it when a shell script on the node, started before, has succeeded."""
    watch = node.start("sh", "-c", script)
    run = subprocess.Popen(fleet.command("playbooks/site.yml", "--limit", node.name, **variables),
                           env=fleet.environment(), cwd=fleet.root, stdout=subprocess.DEVNULL,
                           stderr=subprocess.STDOUT, start_new_session=True)
    assert watch.wait(PATIENCE) == 0, f"not seen: {script}"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def release(node):
    return node.sh("readlink /opt/ollama/current")


@pytest.mark.parametrize("moment", BEGUN)
def test_a_killed_upgrade_leaves_the_old_version_and_is_repaired(serving, moment):
    node = serving.nodes[0]
    before = release(node)
    for _attempt in range(ATTEMPTS):
        kill_once_begun(serving, node, moment)
        if release(node) == before:
            break
        # The switch was quicker than the kill: go back and try again.
        serving.run(ollama_version=OLD).assert_ok()
        node.sh(f"rm -rf /opt/ollama/releases/{NEW}-*")
    assert release(node) == before
    assert node.version() == OLD

    serving.run(ollama_version=NEW).assert_ok()
    assert node.version() == NEW
    assert node.sh("ls -A /opt/ollama/downloads") == ""
    assert not node.holds("ls -d /opt/ollama/.staging-*")
    serving.run(ollama_version=NEW).assert_unchanged()

    serving.run(ollama_version=OLD).assert_ok()
    for host in serving.nodes:
        host.sh(f"rm -rf /opt/ollama/previous /opt/ollama/releases/{NEW}-*")


def test_an_unproven_release_that_a_killed_run_left_current_is_rolled_back(serving):
    node = serving.nodes[0]
    before = release(node)
    serving.run("site.yml", "--limit", node.name, ollama_version=OLD).assert_unchanged()
    # What a run leaves that was killed between switch and gate: the bad release is current, the old process still runs.
    staged = serving.module(node, "ollama_release", version=BAD, base_url="{{ ollama_release_url }}",
                            checksums="{{ bed_checksums['%s'] }}" % BAD)
    assert staged.status == 0, staged.output
    assert release(node) != before

    run = serving.run("site.yml", "--limit", node.name, ollama_version=BAD, ollama_health_wait=15)
    assert run.status != 0
    assert f"Rolled back: Ollama {OLD} serves again." in " ".join(run.output.split())
    assert release(node) == before
    serving.run("site.yml", "--limit", node.name, ollama_version=OLD).assert_unchanged()


def test_a_release_that_a_killed_run_has_mended_under_its_process_is_restarted_by_the_next(serving):
    node = serving.nodes[0]
    before = node.process()
    node.sh("rm /opt/ollama/current/lib/ollama/llama-server")
    serving.module(node, "ollama_release", version=OLD, state="staged", base_url="{{ ollama_release_url }}",
                   checksums="{{ bed_checksums['%s'] }}" % OLD).assert_ok()
    assert node.process() == before

    run = serving.run("site.yml", "--limit", node.name, ollama_version=OLD).assert_ok()
    assert "To be restarted: ollama (release not proven)" in run.output, run.output
    assert node.process() != before
    serving.run("site.yml", "--limit", node.name, ollama_version=OLD).assert_unchanged()


def test_after_kill_and_rollback_the_same_run_succeeds_once_the_cause_is_gone(serving):
    node = serving.nodes[0]
    only = ("--limit", node.name)
    wanted = {"ollama_version": NEW, "ollama_settings": {"keep_alive": "31m"}, "ollama_health_wait": 8}
    serving.run("site.yml", *only, ollama_version=OLD).assert_ok()
    node.sh("""mkdir -p /etc/systemd/system/ollama.service.d
        printf '[Service]\\nExecStartPre=/bin/sh -c "! grep -q 31m /etc/ollama/default.env || test ! -e /run/cause"\\n' \\
            > /etc/systemd/system/ollama.service.d/cause.conf
        touch /run/cause; chmod o+rx /etc/ollama; chmod o+r /etc/ollama/default.env; systemctl daemon-reload""")
    kill_run_when(serving, node, "until grep -qs 31m /etc/ollama/default.env; do :; done", **wanted)
    assert serving.run("site.yml", *only, **wanted).status != 0

    node.sh("rm /run/cause")
    assert "failed on this host at 20" in serving.run("site.yml", *only, **wanted).output
    wanted["ollama_retry_failed_version"] = True
    serving.run("site.yml", *only, **wanted).assert_ok()
    assert node.version() == NEW
    assert "OLLAMA_KEEP_ALIVE=31m" in node.sh("tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID ollama.service)/environ")
    serving.run("site.yml", *only, **wanted).assert_unchanged()
