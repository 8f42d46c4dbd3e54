"""What an operator finds on a node after the main job."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(name="journal")
def _journal(host):
    """What to read when a check of the service fails."""
    return lambda: host.run("journalctl -u ollama.service -n 40 --no-pager").stdout


def test_the_service_runs_and_starts_with_the_machine(host, journal):
    service = host.service("ollama.service")
    assert service.is_running, journal()
    assert service.is_enabled


def test_the_service_runs_as_its_own_account(host, journal):
    owner = host.check_output("ps -o user= -p $(systemctl show -P MainPID ollama.service)")
    assert owner.strip() == "ollama", journal()


def test_it_listens_on_loopback_only(host):
    assert host.socket("tcp://127.0.0.1:11434").is_listening
    assert not host.socket("tcp://0.0.0.0:11434").is_listening


def test_it_answers_and_has_the_model(host, journal):
    tags = json.loads(host.check_output("curl -s http://127.0.0.1:11434/api/tags"))
    assert [model["name"] for model in tags["models"]] == ["sites:5001/demo/tiny:latest"], journal()


def test_everything_below_the_program_directory_is_roots(host):
    assert host.file("/opt/ollama/current").is_symlink
    assert host.check_output("find /opt/ollama ! -user root -o -perm -0002 ! -type l | head") == ""


def test_the_settings_are_not_for_everyone(host):
    settings = host.file("/etc/ollama/default.env")
    assert (settings.user, settings.group, settings.mode) == ("root", "ollama", 0o640)
    assert "OLLAMA_NUM_PARALLEL=2" in settings.content_string


def test_the_unit_is_sandboxed(host):
    score = host.check_output("systemd-analyze security --no-pager ollama.service | tail -1")
    assert float(score.split("level for ollama.service:")[1].split()[0]) <= 1.5, score


def test_the_live_process_has_the_sandbox_that_its_unit_asks_for(host, journal):
    pid = host.check_output("systemctl show -P MainPID ollama.service")
    status = dict(line.split(":\t") for line in host.check_output(f"cat /proc/{pid}/status").splitlines() if ":\t" in line)
    assert (status["NoNewPrivs"], status["Seccomp"], status["Umask"]) == ("1", "2", "0077"), journal()
    assert {status[name].strip("0") for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    for namespace in ("mnt", "user", "uts"):
        assert host.check_output(f"readlink /proc/{pid}/ns/{namespace}") != host.check_output(f"readlink /proc/1/ns/{namespace}")
