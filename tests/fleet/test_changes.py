# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator does on the second day: edits, damage, an outage, a look at the plan."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

SYSTEMS = ("debian13",)
TINY, SMALL = "sites:5001/demo/tiny:latest", "sites:5001/demo/small:latest"

DAMAGE = {
    "/etc/ollama/default.env": "echo OLLAMA_NUM_PARALLEL=64 >> /etc/ollama/default.env",
    "/etc/systemd/system/ollama.service": "sed -i /NoNewPrivileges/d /etc/systemd/system/ollama.service",
    "/usr/local/bin/ollama": "rm /usr/local/bin/ollama",
    "/opt/ollama": "rm /opt/ollama/current/lib/ollama/llama-server",
    "/usr/share/ollama/.ollama/models": "chmod 0777 /usr/share/ollama/.ollama/models",
    "ollama.service": "systemctl disable ollama.service",
}


def models(node):
    return sorted(model["name"] for model in node.api("/api/tags")["models"])


def test_a_plan_for_a_bare_host_writes_nothing(fleet):
    run = fleet.run("site.yml", "--check", "--diff").assert_ok()

    assert run.changed_tasks() == ["barellama.fleet.ollama : Probe | Compare the host with what is wanted",
                                   "barellama.fleet.ollama_models : Reconcile | Pull what is missing"]
    for shown in ("To be started: ollama (new)", "+OLLAMA_HOST=127.0.0.1:11434", "+ExecStart=/opt/ollama/current/bin/ollama serve", TINY):
        assert shown in run.output
    for node in fleet.nodes:
        assert not node.holds("test -e /opt/ollama || test -e /etc/ollama || getent passwd ollama")


def test_a_second_run_changes_nothing_and_costs_four_tasks_on_the_host(served):
    run = served.run().assert_unchanged()

    assert len(run.hosts) == len(served.nodes)
    for counts in run.hosts.values():
        assert 0 < counts["host"] <= 4, run.tasks


def test_a_plan_names_what_restarts_and_why_and_a_host_as_wanted_has_none(served):
    plan = served.run("site.yml", "--check", "--diff", ollama_settings={"num_parallel": 3}).assert_ok().output
    assert "To be restarted: ollama (settings)" in plan and "+OLLAMA_NUM_PARALLEL=3" in plan, plan
    assert "BARELLAMA_DEFINITION" not in plan and not re.search("[0-9a-f]{32}", plan), plan
    plan = served.run("site.yml", "--check", "--diff", ollama_version="0.32.15").assert_ok().output
    assert "To be restarted: ollama (version 0.32.15, was 0.34.4" in plan, plan
    again = served.run("site.yml", "--check", "--diff").assert_unchanged()
    assert "To be " not in again.output, again.output


def test_verify_says_for_every_host_what_serves(served):
    output = " ".join(served.run("verify.yml").assert_ok().output.split())
    for node in served.nodes:
        assert f"{node.name} at http://127.0.0.1:11434: serves Ollama 0.34.4, 1 wanted models are there and generate (level 4); " \
               "method systemd, instances default" in output, output


def test_a_second_run_needs_no_site(served):
    subprocess.run(["docker", "stop", "-t", "1", served.sites], check=True, capture_output=True)
    try:
        served.run().assert_unchanged()
    finally:
        subprocess.run(["docker", "start", served.sites], check=True, capture_output=True)


def test_the_installed_collection_does_the_same(served, tmp_path):
    def galaxy(*words):
        # Where the checkout is found, galaxy takes the collection for installed.
        elsewhere = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), PYTHONPATH="")
        subprocess.run([sys.executable, "-m", "ansible", "galaxy", "collection", *words], check=True, cwd=tmp_path,
                       capture_output=True, env=elsewhere)

    galaxy("build", served.root)
    galaxy("install", "--offline", "--no-deps", "-p", tmp_path, *tmp_path.glob("barellama-fleet-*.tar.gz"))

    run = served.play("barellama.fleet.site", collections=tmp_path).assert_unchanged()
    assert all(counts["host"] > 0 for counts in run.hosts.values())
    for node in served.nodes:
        node.sh("ollama rm sites:5001/demo/tiny")
    run = served.play("barellama.fleet.site", collections=tmp_path).assert_ok()
    assert f"included: {tmp_path}/ansible_collections/barellama/fleet/roles" in run.output
    assert run.changed_tasks() == ["barellama.fleet.ollama_models : Reconcile | Pull what is missing"]
    assert served.play("barellama.fleet.verify", collections=tmp_path).assert_ok().hosts


def test_ansibles_own_modules_find_no_difference_where_the_probe_finds_none(served):
    run = served.run(fleet_probe=False).assert_unchanged()
    assert sum(counts["host"] for counts in run.hosts.values()) > 8 * len(served.nodes), "the apply tasks did not run"


def test_damage_is_reported_found_by_ansibles_own_modules_and_mended(served):
    for node in served.nodes:
        for script in DAMAGE.values():
            node.sh(script)
    plan = served.run("drift.yml")
    for name in DAMAGE:
        assert name in plan.output
    assert plan.changed_tasks() == ["barellama.fleet.ollama : Probe | Compare the host with what is wanted"]

    run = served.run(fleet_probe=False).assert_ok()
    assert run.changed_tasks() == [f"barellama.fleet.ollama : {task}" for task in (
        "Account | Directories", "Apply | Record that what serves is touched", "Install | Start at boot", "Keep | Links",
        "Keep | Release", "Record | What later runs go back to", "Release | Install", "Service | Start or restart",
        "Write | Settings and definitions")]
    served.run().assert_unchanged()


def test_a_drop_in_of_the_operators_stays(served):
    drop_in = "/etc/systemd/system/ollama.service.d/mine.conf"
    for node in served.nodes:
        node.sh(f"mkdir -p $(dirname {drop_in}); printf '[Service]\\nNice=5\\n' > {drop_in}; systemctl daemon-reload")
    served.run().assert_unchanged()
    served.run(ollama_settings={"num_parallel": 4}).assert_ok()
    for node in served.nodes:
        assert node.sh("ps -o ni= -p $(systemctl show -P MainPID ollama.service)").strip() == "5"
    served.run().assert_ok()


def test_a_model_list_is_edited(served):
    served.run(ollama_models_list=[TINY, SMALL]).assert_ok()
    assert all(models(node) == sorted([TINY, SMALL]) for node in served.nodes)
    served.run(ollama_models_list=[TINY, SMALL]).assert_unchanged()

    served.run(ollama_models_list=[TINY, {"name": SMALL, "state": "absent"}]).assert_ok()
    assert all(models(node) == [TINY] for node in served.nodes)


def test_a_model_held_in_memory_is_there_after_the_proof_of_another_that_took_its_place(served):
    held, settings = {"name": TINY, "loaded": True, "keep_alive": -1}, {"max_loaded_models": 1}
    run = served.run(ollama_settings=settings, ollama_models_list=[held]).assert_ok()
    assert not any("Prove |" in task["task"] for task in run.tasks), "nothing came, and yet it was proved"

    served.run(ollama_settings=settings, ollama_models_list=[held, SMALL]).assert_ok()
    for node in served.nodes:
        assert [(model["name"], model["expires_at"] > "2100") for model in node.api("/api/ps")["models"]] == [(TINY, True)]
    served.run("verify.yml", ollama_settings=settings, ollama_models_list=[held, SMALL]).assert_unchanged()
    served.run(ollama_settings=settings, ollama_models_list=[held, SMALL]).assert_unchanged()


def test_the_port_is_changed(served):
    served.run(ollama_port=11500).assert_ok()
    for node in served.nodes:
        assert node.holds("curl -sf http://127.0.0.1:11500/api/version")
        assert not node.holds("curl -sf http://127.0.0.1:11434/api/version")
    served.run(ollama_port=11500).assert_unchanged()


def test_a_secret_is_shown_by_no_run_however_much_it_tells(served):
    secret, much = {"MY_TOKEN": "geheim", "HF_TOKEN": "geheim2"}, ("--limit", "debian13", "-vvv", "--diff")
    for mode in (["--check"], [], []):
        run = served.run("site.yml", *much, *mode, ollama_extra_env=secret).assert_ok()
        assert "ollama : Probe | Compare the host" in run.output and "geheim" not in run.output
    assert served.nodes[0].holds("grep -q MY_TOKEN=geheim /etc/ollama/default.env")
    run.assert_unchanged()
    diagnosis = served.run("diagnose.yml", *much, ollama_extra_env=secret)
    assert diagnosis.hosts and "geheim" not in diagnosis.output


@pytest.mark.parametrize("foreign", ["printf '#!/bin/sh\\n' > /usr/local/bin/ollama", "ln -s /bin/true /usr/local/bin/ollama"])
def test_what_another_tool_made_is_not_overwritten(fleet, foreign):
    fleet.renew()
    for node in fleet.nodes:
        node.sh(foreign)
    before = [node.sh("stat -c %N-%Y /usr/local/bin/ollama") for node in fleet.nodes]
    for mode in (["--check"], []):
        run = fleet.run("site.yml", *mode)
        assert run.status != 0
        assert "/usr/local/bin/ollama was not made by this role" in run.output
    assert [node.sh("stat -c %N-%Y /usr/local/bin/ollama") for node in fleet.nodes] == before
    assert not any(node.holds("test -e /opt/ollama") for node in fleet.nodes)


def test_a_port_that_another_process_holds_is_named(fleet):
    fleet.renew()
    for node in fleet.nodes:
        node.sh("systemd-run -q --unit=holder python3 -m http.server --bind 127.0.0.1 11434")
        node.sh("until curl -sf -o /dev/null http://127.0.0.1:11434/; do :; done")
    run = fleet.run()
    assert run.status != 0
    assert "port 11434 is held by python3 (pid " in " ".join(run.output.split())
    assert not any(node.holds("test -e /opt/ollama") for node in fleet.nodes)
