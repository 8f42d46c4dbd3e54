# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in server reads its environment as upstream does."""

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.tests.standin.ollama import durations, envconfig
from ansible_collections.barellama.fleet.tests.standin.ollama.errors import GoError

SECONDS = [("5m", 300), ("1h30m", 5400), ("90", 90), ("0", 0), ("-1", durations.FOREVER), ("-5m", durations.FOREVER),
           ("soon", 300), ("", 300)]
HOSTS = [
    ("", "http", "127.0.0.1", 11434),
    ("0.0.0.0", "http", "0.0.0.0", 11434),
    ("0.0.0.0:8080", "http", "0.0.0.0", 8080),
    (":8080", "http", "", 8080),
    ("8080", "http", "8080", 11434),
    ("http://host", "http", "host", 80),
    ("https://host", "https", "host", 443),
    ("host:70000", "http", "host", 11434),
    ("host:x", "http", "host", 11434),
    ("[::1]:99", "http", "::1", 99),
    ("::1", "http", "::1", 11434),
    (" \"host:1\" ", "http", "host", 1),
]


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "no", "off", "yes", "2", "' no '"])
def test_a_switch_is_on(monkeypatch, value):
    monkeypatch.setenv("OLLAMA_NOPRUNE", value)
    assert envconfig.boolean("OLLAMA_NOPRUNE") is True


@pytest.mark.parametrize("value", ["", "0", "f", "F", "false", "False", "FALSE"])
def test_a_switch_is_off(monkeypatch, value):
    monkeypatch.setenv("OLLAMA_NOPRUNE", value)
    assert envconfig.boolean("OLLAMA_NOPRUNE") is False


@pytest.mark.parametrize(("value", "number"), [("", 512), ("7", 7), ("-1", 512), ("many", 512), ("1.5", 512)])
def test_numbers_fall_back(monkeypatch, value, number):
    monkeypatch.setenv("OLLAMA_MAX_QUEUE", value)
    assert envconfig.number("OLLAMA_MAX_QUEUE") == number


@pytest.mark.parametrize(("value", "seconds"), SECONDS)
def test_keep_alive_of_the_environment(monkeypatch, value, seconds):
    monkeypatch.setenv("OLLAMA_KEEP_ALIVE", value)
    assert envconfig.duration("OLLAMA_KEEP_ALIVE") == seconds


@pytest.mark.parametrize(("value", "seconds"), [
    (90, 90), (-1, durations.FOREVER), ("5m", 300), ("-1m", durations.FOREVER)])
def test_keep_alive_of_a_request(value, seconds):
    assert durations.keep_alive(value) == seconds


@pytest.mark.parametrize("value", ["90", "-1", "soon", ""])
def test_keep_alive_of_a_request_needs_a_unit(value):
    with pytest.raises(GoError):
        durations.keep_alive(value)


@pytest.mark.parametrize(("value", "scheme", "name", "port"), HOSTS)
def test_host(monkeypatch, value, scheme, name, port):
    monkeypatch.setenv("OLLAMA_HOST", value)
    assert envconfig.host()[:3] == (scheme, name, port)


@pytest.mark.parametrize(("value", "bad"), [
    ("", None), ("https://a.example,app://x", None), ("*.example", None), ("a.example", "a.example"),
    ("https://a.example, https://b.example", " https://b.example"),
])
def test_bad_origin(monkeypatch, value, bad):
    monkeypatch.setenv("OLLAMA_ORIGINS", value)
    assert envconfig.bad_origin() == bad


@pytest.mark.parametrize(("value", "level"), [
    ("", "INFO"), ("debug", "INFO"), ("1", "DEBUG"), ("true", "DEBUG"), ("2", "TRACE"), ("-1", "WARN")])
def test_log_level(monkeypatch, value, level):
    monkeypatch.setenv("OLLAMA_DEBUG", value)
    assert envconfig.log_level() == level
