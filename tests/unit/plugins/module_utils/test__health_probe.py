# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _health_probe as probe
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._health import Wanted
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

DIGEST = "1" * 64
TINY = {"name": "tiny:latest", "digest": DIGEST, "capabilities": ["completion"]}
TOKEN = {"response": "x", "done": True, "eval_count": 1}
LOG = "; see: journalctl -u ollama-a -n 50"


class Answer:
    """What the server says on one path; with ``cut`` the end of the body never comes."""

    def __init__(self, body, status=200, cut=False, silence=0):
        self.body = json.dumps(body).encode()
        self.status = status
        self.cut = cut
        self.silence = silence


HANG = Answer({}, silence=1)


class Server(ThreadingHTTPServer):
    """Says on each path what it is told to (a list is used up, its last entry stays) and notes what it was asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def asked(self):
        return [path for path, _body in self.requests]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.path, json.loads(body) if body else None))
        answer = self.server.answers[self.path.rpartition("/")[2]]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        time.sleep(answer.silence)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body) + (10 if answer.cut else 0)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET

    def log_message(self, *_words):
        pass


@pytest.fixture
def ollama():
    """Start a server; the answers that are not given are those of a healthy one."""
    servers = []

    def start(**answers):
        healthy = {"version": version("0.34.4"), "tags": Answer({"models": [TINY]}), "generate": Answer(TOKEN)}
        servers.append(Server({**healthy, **answers}))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def version(number):
    return Answer({"version": number})


def wanted(url, *models, version="0.34.4"):
    return Wanted("a", url, "ollama-a", version, [(ModelName.parse(name), None) for name in models])


@pytest.fixture
def silent():
    """A port that the kernel accepts connections on while nobody answers, as Ollama's is at first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def closed():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


LEVELS = [
    (1, []),
    (2, ["/api/version"]),
    (3, ["/api/version", "/api/tags"]),
    (4, ["/api/version", "/api/tags", "/api/generate"]),
]


@pytest.mark.parametrize("level, paths", LEVELS)
def test_a_healthy_server_is_asked_no_more_than_the_level_needs(ollama, level, paths):
    server = ollama()
    (found,) = probe.look_at_all([wanted(server.url, "tiny")], level)
    assert (found["state"], found["level"]) == ("healthy", level)
    assert server.asked() == paths


# A healthy server up to level 4, and then what was read to tell that.
HEALTHY = """
import sys
from ansible_collections.barellama.fleet.plugins.modules import ollama_health
from ansible_collections.barellama.fleet.plugins.module_utils import _health_probe as probe
from ansible_collections.barellama.fleet.plugins.module_utils._health import wanted_instances
instances = wanted_instances([{"name": "a", "url": sys.argv[1], "unit": "ollama-a", "models": ["tiny"]}])
assert probe.look_at_all(instances, 4, wait=9, tools=ollama_health.Commands(None))[0]["state"] == "healthy"
print(*(name.rpartition(".")[2] for name in sys.modules if "fleet.plugins.module_utils._" in name))
"""


def test_a_healthy_server_is_told_without_reading_how_one_is_diagnosed(ollama):
    read = subprocess.run([sys.executable, "-c", HEALTHY, ollama().url], check=True, capture_output=True, text=True).stdout.split()
    assert "_health_probe" in read and not {"_health_gpu", "_health_process", "_diagnose_gpu", "_diagnose_look"} & set(read), read


def test_one_short_generation_leaves_the_residency_alone(ollama):
    server = ollama()
    probe.look(wanted(server.url, "TINY"), 4)
    assert server.requests[-1][1] == {
        "model": "tiny:latest", "prompt": "Hello", "stream": False, "options": {"num_predict": 1, "temperature": 0},
    }


def test_without_models_the_higher_levels_ask_nothing_more(ollama):
    server = ollama()
    assert probe.look(wanted(server.url), 4).level == 4
    assert server.asked() == ["/api/version"]


def test_the_smallest_model_that_generates_proves_a_server_for_which_none_is_listed(ollama):
    listed = [{**TINY, "name": name, "size": size} for name, size in (("big", 9), ("mid", 5))]
    listed.append({**TINY, "name": "embed", "size": 1, "capabilities": ["embedding"]})
    server = ollama(tags=Answer({"models": listed}))
    assert probe.look(replace(wanted(server.url), smallest=True), 4).level == 4
    assert server.requests[-1][1]["model"] == "mid"


def test_an_empty_store_proves_nothing_and_is_no_failure(ollama):
    server = ollama(tags=Answer({"models": []}))
    assert probe.look(replace(wanted(server.url), smallest=True), 4).state == "healthy"
    assert server.asked() == ["/api/version", "/api/tags"]


@pytest.mark.parametrize("runs_as, see", [
    ({"container": "ollama-a"}, "; see: docker logs -n 50 ollama-a"),
    ({"label": "fleet.a"}, "; see: launchctl print system/fleet.a"),
    ({}, "; see its log"),
])
def test_the_words_name_the_log_of_what_runs_it(closed, runs_as, see):
    assert probe.look(Wanted("a", closed, **runs_as), 2).reason.endswith(see)


@pytest.mark.parametrize("answer, state", [
    (Answer({"embeddings": [[0.5, 0.25]]}), "healthy"),
    (Answer({"embeddings": []}), "down"),
    (Answer({"error": "no"}, 500), "down"),
])
def test_a_model_that_only_embeds_is_asked_for_a_vector(ollama, answer, state):
    server = ollama(tags=Answer({"models": [{**TINY, "capabilities": ["embedding"]}]}), embed=answer)
    assert probe.look(wanted(server.url, "tiny"), 4).state == state
    assert server.requests[-1] == ("/api/embed", {"model": "tiny:latest", "input": "Hello"})


def test_a_model_that_makes_neither_text_nor_vectors_is_only_looked_for(ollama):
    server = ollama(tags=Answer({"models": [{**TINY, "capabilities": ["image"]}]}))
    assert probe.look(wanted(server.url, "tiny"), 4).state == "healthy"
    assert server.asked() == ["/api/version", "/api/tags"]


LOADED = {**TINY, "size": 1000, "size_vram": 1000}
FAST = Answer({**TOKEN, "eval_count": 64, "eval_duration": 10**9})
STARTED = 'time=1 level=INFO msg="server config" env="map[]"\ntime=1 level=INFO msg="inference compute" id=%s library=%s\n'


def host(device="cpu"):
    """run_command of a host whose unit runs and has a GPU, or none, in its log."""
    started = STARTED % (device, device)
    return Commands(lambda command, **_options: (0, started if command[0] == "journalctl" else "LoadState=loaded\nMainPID=0\n", ""), "/none")


def ps(**changed):
    return Answer({"models": [{**LOADED, **changed}]})


def test_level_5_looks_where_a_model_is_right_after_its_token(ollama):
    server = ollama(ps=ps())
    verdict = probe.look(wanted(server.url, "tiny"), 5, tools=host("CUDA"))
    assert (verdict.level, verdict.state) == (5, "healthy")
    assert verdict.reason.endswith(": serves Ollama 0.34.4, 1 wanted models are there and generate on CUDA (no name)")
    assert server.asked() == ["/api/version", "/api/tags", "/api/generate", "/api/ps"]


def test_level_5_tells_the_cpu_with_what_the_server_and_its_host_tell(ollama):
    verdict = probe.look(wanted(ollama(ps=ps(size_vram=0)).url, "tiny"), 5, tools=host())
    assert (verdict.level, verdict.state, verdict.hopeless) == (4, "degraded-cpu", True)
    assert "everything is computed on the CPU: the host has no GPU on its PCI bus" in verdict.reason


def test_level_5_without_a_word_of_what_runs_it_has_the_server_s_answer_alone(ollama):
    assert probe.look(wanted(ollama(ps=ps()).url, "tiny"), 5).state == "healthy"
    assert probe.look(wanted(ollama(ps=ps(size_vram=0)).url, "tiny"), 5).state == "degraded-cpu"


def test_level_5_goes_by_the_server_s_answer_where_systemd_gives_none(ollama):
    mute = Commands(lambda command, **_options: (1, "", "no bus"), "/none")
    assert probe.look(wanted(ollama(ps=ps()).url, "tiny"), 5, tools=mute).state == "healthy"


def test_level_6_measures_a_model_that_is_on_a_gpu(ollama):
    server = ollama(ps=ps(), generate=[Answer(TOKEN), FAST])
    verdict = probe.look(replace(wanted(server.url, "tiny"), tokens_per_second=60), 6, tools=host("CUDA"))
    assert (verdict.level, verdict.state) == (6, "healthy")
    assert verdict.reason.endswith(" and generate on CUDA (no name) at 64.0 tokens per second")
    assert server.requests[-1][1]["options"] == {"num_predict": 64, "temperature": 0}


@pytest.mark.parametrize("entry, state, asked", [
    ({}, "degraded-slow", 2), ({"size_vram": 0}, "degraded-cpu", 1), ({"name": "other:latest"}, "degraded-slow", 2),
])
def test_level_6_measures_all_but_what_is_known_to_be_on_the_cpu(ollama, entry, state, asked):
    server = ollama(ps=ps(**entry), generate=[Answer(TOKEN), FAST])
    verdict = probe.look(replace(wanted(server.url, "tiny"), tokens_per_second=65), 6, tools=host("CUDA"))
    assert (verdict.state, server.asked().count("/api/generate")) == (state, asked)


@pytest.mark.parametrize("level", [5, 6])
@pytest.mark.parametrize("entry", [{}, {"capabilities": ["embedding"]}])
def test_a_model_that_is_gone_before_it_is_looked_at_proves_nothing(ollama, level, entry):
    server = ollama(ps=Answer({"models": []}), generate=[Answer(TOKEN), FAST], embed=Answer({"embeddings": [[0.5]]}),
                    tags=Answer({"models": [{**TINY, **entry}]}))
    verdict = probe.look(replace(wanted(server.url, "tiny"), tokens_per_second=1), level, tools=host("CUDA"))
    assert (verdict.level, verdict.state) == (4, "degraded-cpu")
    assert verdict.reason.endswith("tiny:latest was gone from memory as soon as it had answered; give ollama_settings.keep_alive more than 0")


def test_levels_5_and_6_look_for_no_model_that_was_asked_for_nothing(ollama):
    server = ollama(tags=Answer({"models": [{**TINY, "capabilities": ["image"]}]}))
    assert probe.look(replace(wanted(server.url, "tiny"), tokens_per_second=1), 6, tools=host("CUDA")).state == "healthy"
    assert server.asked() == ["/api/version", "/api/tags"]


def test_level_6_measures_no_model_that_only_embeds(ollama):
    server = ollama(tags=Answer({"models": [{**TINY, "capabilities": ["embedding"]}]}), embed=Answer({"embeddings": [[0.5]]}), ps=ps())
    assert probe.look(replace(wanted(server.url, "tiny"), tokens_per_second=1), 6, tools=host("CUDA")).state == "healthy"
    assert "/api/generate" not in server.asked()


@pytest.mark.parametrize("level", [1, 2, 4])
def test_a_closed_port_is_down_at_level_0(closed, level):
    verdict = probe.look(wanted(closed), level)
    assert (verdict.level, verdict.state, verdict.hopeless) == (0, "down", False)
    assert verdict.reason == f"a at {closed}: no connection (connection refused){LOG}"


def test_an_open_port_is_not_an_answer(silent):
    assert probe.look(wanted(silent), 1).state == "healthy"
    verdict = probe.look(wanted(silent), 2, timeout=0.2)
    assert (verdict.level, verdict.state, verdict.hopeless) == (1, "down", False)
    assert verdict.reason == f"a at {silent}: port open but /api/version does not answer within 0.2 s{LOG}"


FAILURES = [
    (2, {"version": version("0.32.15")}, 1, "wrong-version", False,
     "runs Ollama 0.32.15, wanted is 0.34.4; restart it, and check where its program comes from"),
    (2, {"version": Answer("<html>")}, 1, "down", True,
     "{url}/api/version answered '\"<html>\"': this is not an Ollama API; check the url"),
    (3, {"tags": HANG}, 2, "down", False, "port open but /api/tags does not answer within 0.2 s" + LOG),
    (3, {"tags": Answer({"models": []})}, 2, "model-missing", True, "not there: tiny:latest; pull again"),
    (4, {"generate": HANG}, 3, "down", False, "model tiny:latest generates nothing: does not answer within 0.2 s" + LOG),
    (4, {"generate": Answer({"response": "", "done": True})}, 3, "down", False,
     "model tiny:latest generates nothing: the answer was empty" + LOG),
]


@pytest.mark.parametrize("level, paths, reached, state, hopeless, words", FAILURES)
def test_a_failure_names_the_level_reached_and_what_to_look_at(ollama, level, paths, reached, state, hopeless, words):
    url = ollama(**paths).url
    verdict = probe.look(wanted(url, "tiny"), level, timeout=0.2)
    assert (verdict.level, verdict.state, verdict.hopeless) == (reached, state, hopeless)
    assert verdict.reason == f"a at {url}: {words.format(url=url)}"


@pytest.mark.parametrize("status, hopeless", [(400, True), (404, True), (500, False), (503, False)])
def test_a_refused_generation_is_waited_for_only_when_the_server_may_recover(ollama, status, hopeless):
    url = ollama(generate=Answer({"error": "no reason"}, status)).url
    verdict = probe.look(wanted(url, "tiny"), 4)
    assert verdict.reason == f"a at {url}: model tiny:latest generates nothing: {status} no reason{LOG}"
    assert (verdict.level, verdict.hopeless) == (3, hopeless)


@pytest.mark.parametrize("status, hopeless", [(403, True), (500, False)])
def test_a_refused_question_is_waited_for_only_when_the_server_may_recover(ollama, status, hopeless):
    verdict = probe.look(wanted(ollama(version=Answer({"error": "no"}, status)).url), 2)
    assert (verdict.level, verdict.state, verdict.hopeless) == (1, "down", hopeless)
    assert f"refused /api/version: {status} no" in verdict.reason


def test_an_answer_that_breaks_off_is_told(ollama):
    verdict = probe.look(wanted(ollama(version=Answer({"version": "0.34.4"}, cut=True)).url), 2)
    assert (verdict.level, verdict.state) == (1, "down")
    assert "port open but /api/version breaks off (" in verdict.reason


def test_waiting_ends_when_the_wanted_version_has_replaced_the_old_one(ollama, monkeypatch):
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    server = ollama(version=[version("0.32.15"), version("0.32.15"), version("0.34.4")])
    (found,) = probe.look_at_all([wanted(server.url)], 2, wait=30)
    assert found["state"] == "healthy"
    assert len(server.requests) == 3


def test_waiting_ends_with_the_last_reason_when_the_time_is_up(ollama, monkeypatch):
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    server = ollama(version=version("0.32.15"))
    (found,) = probe.look_at_all([wanted(server.url)], 2, wait=0.1)
    assert found["state"] == "wrong-version"
    assert len(server.requests) > 1


@pytest.mark.parametrize("state, wait, ended", [("failed", 30, True), ("failed", 0, False), ("active", 0.1, False)])
def test_waiting_ends_at_once_when_the_process_has_ended(closed, monkeypatch, state, wait, ended):
    monkeypatch.setattr(probe, "PAUSE", 0.01)
    tools = Commands(lambda command, **_options: (0, f"ActiveState={state}\nError: no room\n", ""))
    begin = time.monotonic()
    (found,) = probe.look_at_all([wanted(closed)], 2, wait=wait, tools=tools)
    assert time.monotonic() - begin < 5
    assert (found["state"], found["ended"]) == ("down", ended)
    assert ("(connection refused); ollama-a is failed: Error: no room; see: " in found["reason"]) is ended


@pytest.mark.parametrize("paths", [{"tags": Answer({"models": []})}, {"version": Answer("<html>")}])
def test_nobody_waits_for_what_does_not_come_by_itself(ollama, paths):
    server = ollama(**paths)
    (found,) = probe.look_at_all([wanted(server.url, "tiny")], 3, wait=30)
    assert found["state"] != "healthy"
    assert server.asked().count("/api/version") == 1


def test_a_hundred_servers_are_looked_at_together_and_reported_in_order(ollama, silent):
    """Each of the ten dead would take the whole timeout; one after the other they would take ten of them."""
    alive = ollama().url
    urls = [silent if number % 10 == 0 else alive for number in range(100)]
    found = probe.look_at_all([wanted(url) for url in urls], 2, timeout=3)
    assert [report["url"] for report in found] == urls
    assert [report["state"] for report in found] == ["down" if url == silent else "healthy" for url in urls]
