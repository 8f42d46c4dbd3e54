# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._client import Client
from ansible_collections.barellama.fleet.plugins.module_utils._pull import PAUSES, PullFailed, pull

TRIES = len(PAUSES) + 1


def pulls(server, pauses=None):
    pauses = [] if pauses is None else pauses
    return pull(Client(server.url), "demo/tiny:latest", sleep=pauses.append)


HOPELESS = [
    ("pull-missing-model", "the registry has no such model or tag; check the name"),
    ("pull-registry-blob-404", "the registry has no such model or tag; check the name"),
    ("pull-invalid-name", "Ollama does not take the name; check it"),
    ("pull-http-not-insecure", "the registry speaks plain http; set insecure: true"),
    ("default-registry-unknown-authority", "add its CA to the system and restart Ollama"),
    ("pull-plain-registry", "put a redirecting proxy before it"),
    ("pull-registry-manifest-401", "the registry refuses it"),
    ("pull-registry-manifest-403", "the registry refuses it"),
    ("disk-full-pull", "free space in the store"),
    ("permission-pull", "the server's user may not write its store; correct the owner"),
    ("readonly-running-pull", "the store is read-only for the server"),
    ("pull-with-missing-part-file", "set store, or remove its sha256-*-partial* files there"),
    ("pull-with-missing-part-file-again", "set store, or remove its sha256-*-partial* files there"),
    ("pull-with-empty-part-file", "set store, or remove its sha256-*-partial* files there"),
    ("host-header-foreign", "the server refuses it"),
    ("unknown-path", "the server refuses it"),
]

HOPELESS_WORDS = [
    ("pull model manifest: 412: newer version needed", "this Ollama is too old for the model; upgrade it"),
    ("this model requires MLX support, but the MLX runtime is not available", "MLX overlay"),
    ("unauthorized: access denied", "register its public key there"),
    ("realm host evil does not match original host good", "register its public key there"),
    ("max retries exceeded: 404: gone", "the registry refuses it"),
]

PASSING = [
    "pull-registry-manifest-429",
    "pull-registry-manifest-500",
    "pull-registry-manifest-503",
    "pull-registry-manifest-503-nostream",
    "pull-connection-refused",
    "pull-unknown-host",
    "pull-tampered",
    "pull-server-killed-midway",
    "pull-server-terminated-midway",
]


@pytest.mark.parametrize("case", ["pull-fresh", "pull-up-to-date", "pull-updated", "pull-registry-truncates"])
def test_success_is_success_at_once(serve, reply, case):
    server = serve(reply.recorded(case))
    pulls(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("case, cure", HOPELESS)
def test_stops_where_a_second_try_is_hopeless(serve, reply, case, cure):
    server = serve(reply.recorded(case))
    with pytest.raises(PullFailed) as caught:
        pulls(server)
    assert len(server.requests) == caught.value.attempts == 1
    assert str(caught.value).startswith("pull of demo/tiny:latest failed: ")
    assert cure in str(caught.value)


@pytest.mark.parametrize("words, cure", HOPELESS_WORDS)
def test_stops_at_words_that_were_not_recorded(serve, reply, words, cure):
    server = serve(reply(lines=[{"status": "pulling manifest"}, {"error": words}]))
    with pytest.raises(PullFailed, match=cure):
        pulls(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("case", PASSING)
def test_tries_again_what_can_pass(serve, reply, case):
    server, pauses = serve(reply.recorded(case), reply.recorded("pull-fresh")), []
    pulls(server, pauses)
    assert (len(server.requests), pauses) == (2, [PAUSES[0]])


def test_gives_up_in_the_end(serve, reply):
    server, pauses = serve(reply.recorded("pull-registry-manifest-503")), []
    with pytest.raises(PullFailed) as caught:
        pulls(server, pauses)
    assert (len(server.requests), caught.value.attempts, pauses) == (TRIES, TRIES, list(PAUSES))
    assert str(caught.value) == (
        f"pull of demo/tiny:latest failed {TRIES} times, last with: pull model manifest: 503: "
        '{"errors":[{"code":"TEST","message":"injected 503"}]}: mend that and run again, what has arrived is kept'
    )


def test_tries_count_anew_while_bytes_move(serve, reply):
    def ticks(completed):
        return reply(lines=[{"status": "pulling abc", "digest": "sha256:abc", "total": 900, "completed": completed}])

    server, pauses = serve(*[ticks(100 * step) for step in range(1, 9)], reply.recorded("pull-fresh")), []
    pulls(server, pauses)
    assert pauses == [PAUSES[0]] * 8


def test_the_same_bytes_again_are_no_progress(serve, reply):
    server = serve(
        reply(lines=[{"status": "x", "digest": "sha256:abc", "completed": 900}, {"error": "digest mismatch"}])
    )
    with pytest.raises(PullFailed, match="digest mismatch"):
        pulls(server)
    assert len(server.requests) == TRIES


def test_an_end_without_success_is_told(serve, reply):
    server = serve(reply(lines=[{"status": "writing manifest"}]))
    with pytest.raises(PullFailed, match="ended the pull without 'success', its last word was 'writing manifest'"):
        pulls(server)


def test_a_server_that_is_away_is_tried_again(serve, reply):
    server = serve(reply.recorded("pull-fresh"))
    client, pauses = Client("http://127.0.0.1:1"), []

    def back_after_a_pause(seconds):
        pauses.append(seconds)
        client.__init__(server.url)

    pull(client, "m", sleep=back_after_a_pause)
    assert pauses == [PAUSES[0]]


# Each of them would go on for longer than the deadline: a stream of events, a silence, failures that can pass.
SLOW = [
    {"lines": [{"status": "pulling"}] * 3 + [{"status": "success"}], "wait": 60},
    {"lines": [{"status": "pulling manifest"}, {"error": "pull model manifest: 503: later"}], "wait": 0},
]


@pytest.mark.parametrize("slow", SLOW)
def test_gives_up_at_the_deadline(serve, reply, slow):
    server = serve(reply(**slow))
    begin = time.monotonic()
    with pytest.raises(PullFailed, match="pull of m was not done at the deadline: run again with a longer one"):
        pull(Client(server.url), "m", until=begin + 0.2)
    assert time.monotonic() - begin < 10


def test_a_deadline_that_is_over_asks_nothing(serve, reply):
    server = serve(reply(lines=[{"status": "success"}]))
    with pytest.raises(PullFailed):
        pull(Client(server.url), "m", until=time.monotonic() - 1)
    assert server.requests == []


def test_what_can_be_mended_is_tried_once_more_at_once(serve, reply):
    server = serve(reply.recorded("pull-with-empty-part-file"), reply(lines=[{"status": "success"}]))
    mended = []
    pull(Client(server.url), "demo/tiny:latest", sleep=mended.append, mend=lambda: mended.append("mended") or True)
    assert (mended, len(server.requests)) == (["mended"], 2)


def test_what_is_stuck_again_after_it_was_mended_is_told(serve, reply):
    server = serve(reply.recorded("pull-with-empty-part-file"))
    with pytest.raises(PullFailed, match="a partial download of it is damaged"):
        pull(Client(server.url), "demo/tiny:latest", mend=lambda: True)
    assert len(server.requests) == 2


def test_tells_each_event_and_ends_with_what_the_listener_raises(serve, reply):
    events = [{"status": "pulling manifest"}, {"status": "success"}]
    heard = []
    pull(Client(serve(reply(lines=events)).url), "m", tell=heard.append)
    assert heard == events
    server = serve(reply(lines=events))
    with pytest.raises(KeyError):
        pull(Client(server.url), "m", tell=lambda event: {}[event["status"]])
    assert len(server.requests) == 1
