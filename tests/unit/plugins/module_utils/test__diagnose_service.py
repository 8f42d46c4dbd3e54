# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_service as checks
from ansible_collections.barellama.fleet.plugins.module_utils._client import Client
from ansible_collections.barellama.fleet.plugins.module_utils._record import EMPTY

AGAIN, DOWN = "is started again and again", "does not run"
DISCOVERING = 'time=1 level=INFO msg="discovering available GPUs..."'
COMPUTE = 'time=1 level=INFO msg="inference compute" id=cpu library=cpu'
LISTENING = 'time=1 level=INFO msg="Listening on 127.0.0.1:11500 (version 0.34.4)"'


def look(*lines, trouble=AGAIN, killed=False, refusal="", url="", start=(), version="0.34.4", record=EMPTY):
    return SimpleNamespace(
        trouble=trouble, killed=killed, refusal=refusal, recent_log=list(lines), start_log=list(start), url=url, version=version,
        host=SimpleNamespace(record=record), process=SimpleNamespace(name="ollama.service"), log_command="journalctl -u ollama.service -n 50",
        restart="systemctl restart ollama.service", client=Client(url, 0.2) if url else None,
    )


# The words of a real server, of systemd 252 and 257, and of Docker.
CAUSES = [
    ("Error: listen tcp 127.0.0.1:11500: bind: address already in use",
     "another process has 127.0.0.1:11500", "ss -ltnp"),
    ("Error: listen tcp 10.0.0.9:11434: bind: cannot assign requested address",
     "no address 10.0.0.9:11434", "ollama_host"),
    ("Error: listen tcp: lookup nowhere: no such host", "nothing knows the address of nowhere", "ollama_host"),
    ("Error: mkdir /srv/models/blobs: permission denied: ensure path elements are traversable",
     "may not make /srv/models/blobs", "namei -l /srv/models/blobs"),
    ("Error: mkdir /srv/models/blobs: read-only file system: ensure path elements are traversable",
     "/srv/models/blobs is read-only", "read-write"),
    ("Error: remove /srv/models/manifests/registry.ollama.ai/library: read-only file system",
     "/library is read-only", "read-write"),
    ("Error: write /srv/models/blobs/x: no space left on device", "a disk is full", "df -h"),
    ("panic: bad origin: origins must contain '*' or include one of http://",
     "an origin has no scheme", "ollama_settings.origins"),
    ("Error: $HOME is not defined", "without HOME", "site.yml"),
    ("ollama.service: Unable to locate executable '/opt/ollama/current/bin/ollama': No such file or directory",
     "its program /opt/ollama/current/bin/ollama is not there", "site.yml"),
    ("ollama.service: Failed to locate executable /opt/ollama/current/bin/ollama: No such file or directory",
     "its program /opt/ollama/current/bin/ollama is not there", "site.yml"),
    ("ollama.service: Failed to determine user credentials: No such process", "its user does not exist", "site.yml"),
    ("ollama.service: Failed at step USER spawning /opt/ollama/current/bin/ollama: No such process",
     "its user does not exist", "site.yml"),
    ("ollama.service: Failed to load environment files: No such file or directory",
     "its file with settings", "site.yml"),
    ("ollama.service: Failed to set up mount namespacing: /srv/none: No such file or directory",
     "is not there: /srv/none", "mount it"),
    ("ollama.service: Failed to set up mount namespacing: /run/systemd/unit-root/srv/none: No such file or directory",
     "is not there: /srv/none", "mount it"),
    ('could not select device driver "nvidia" with capabilities: [[gpu]]',
     "no way to give NVIDIA GPUs", "nvidia-container-toolkit"),
    ("CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
     "no CDI specification names nvidia.com/gpu=all", "nvidia-ctk"),
    ('error gathering device information while adding custom device "/dev/kfd": no such file or directory',
     "the host has no /dev/kfd", "ollama_gpu_vendor"),
    ("nvidia-container-cli: initialization error: nvml error: driver not loaded",
     "cannot use the driver: initialization error", "check driver"),
    ("Bind for 127.0.0.1:11434 failed: port is already allocated", "another process has 127.0.0.1:11434", "ss -ltnp"),
    ("exec /bin/ollama: exec format error", "another kind of processor", "image"),
    ("Error: something new", "something new", "see its log: journalctl -u ollama.service -n 50"),
    ("panic: runtime error: index out of range", "it crashed: runtime error", "see its log"),
    ("nothing of use", "it ended without a word", "start it: systemctl restart ollama.service"),
]


@pytest.mark.parametrize(("line", "cause", "cure"), CAUSES)
def test_a_server_that_does_not_stay_is_told_with_its_last_words(line, cause, cure):
    older = [] if "nothing" in line else ["Error: older", "time=1 level=INFO msg=x"]
    for seen in look(*older, line, "systemd says more"), look(*older, refusal=line):
        (found,) = checks.service(seen)
        assert found["symptom"] == "ollama.service is started again and again"
        assert cause in found["cause"] and cure in found["cure"]
        assert "{" not in str(list(found.values()))


def test_a_server_that_somebody_stopped_is_told():
    (found,) = checks.service(look(trouble=DOWN))
    assert found["symptom"] == "ollama.service does not run" and "somebody stopped it" in found["cause"]


def test_what_was_said_before_the_last_start_is_no_cause_of_a_stop():
    log = ["Error: an old story", "Starting ollama.service - Ollama", "level=INFO msg=Listening", "Stopped ollama.service - Ollama"]
    (found,) = checks.service(look(*log, trouble=DOWN))
    assert "somebody stopped it" in found["cause"]
    (found,) = checks.service(look(*log, "Starting ollama.service", "Error: a new story", trouble=DOWN))
    assert found["cause"] == "a new story"


@pytest.mark.parametrize("trouble", [DOWN, "is not there"])
def test_a_server_that_a_run_was_cut_off_from_is_told(trouble):
    (found,) = checks.service(look(trouble=trouble, record={**EMPTY, "begun": True}))
    assert found["cause"] == "the first run did not come to its end while it changed this host"
    assert found["cure"].startswith("run site.yml again")


def test_a_version_that_was_rolled_back_is_told_with_the_reason(serve, reply):
    failed = {**EMPTY, "failed": {"0.34.4": {"reason": "no answer"}}}
    (found,) = checks.answers(look(url=serve(reply(body={"version": "0.32.15"})).url, record=failed))
    assert found["cause"] == "the last upgrade to 0.34.4 failed (no answer); 0.32.15 serves"


@pytest.mark.parametrize(("trouble", "cure"), [("is not there", "run site.yml"), ("is masked", "systemctl unmask ollama.service")])
def test_a_unit_that_cannot_run_is_told(trouble, cure):
    (found,) = checks.service(look(trouble=trouble))
    assert (found["symptom"], found["cure"]) == (f"ollama.service {trouble}", cure)


def test_the_kernels_verdict_goes_before_all_words():
    (found,) = checks.service(look("Error: something", killed=True))
    assert found["cause"] == "the kernel ended it for lack of memory"


def test_a_server_that_runs_is_not_told(serve, reply):
    assert list(checks.service(look(trouble=None))) == []
    url = serve(reply(body={"version": "0.34.4"})).url
    assert list(checks.answers(look(url=url))) == [] == list(checks.answers(look(url=url, version=None)))


@pytest.mark.parametrize(("body", "symptom", "cause"), [
    ({"version": "0.30.1"}, "Ollama 0.30.1 answers at URL, wanted is 0.34.4", "not restarted since its release was changed"),
    ({"other": 1}, "what answers at URL is no Ollama", "has no version"),
])
def test_a_wrong_answer_is_told(serve, reply, body, symptom, cause):
    url = serve(reply(body=body)).url
    (found,) = checks.answers(look(url=url))
    assert found["symptom"] == symptom.replace("URL", url) and cause in found["cause"]


def test_a_refusal_is_told_by_its_number(serve, reply):
    (found,) = checks.answers(look(url=serve(reply(404, b"<html>long</html>")).url))
    assert found["cause"] == "it answers /api/version with status 404"


@pytest.mark.parametrize(("start", "cause", "cure"), [
    ([DISCOVERING], "it looks for GPUs", "wait two minutes"), ([DISCOVERING, COMPUTE], "it hangs", "then restart it"), ([], "it hangs", "restart"),
])
def test_no_answer_is_told(start, cause, cure):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        (found,) = checks.answers(look(url=url, start=start))
    assert found["symptom"] == f"the port at {url} is open, and no answer comes"
    assert found["cause"].startswith(cause) and cure in found["cure"]


@pytest.mark.parametrize(("start", "cause"), [
    ([LISTENING], "it listens on 127.0.0.1:11500, and something is in between"), ([], "it is still starting"),
])
def test_no_connection_is_told(start, cause):
    (found,) = checks.answers(look(url="http://127.0.0.1:1", start=start))
    assert found["symptom"] == "nobody answers at http://127.0.0.1:1" and found["cause"].startswith(cause)
