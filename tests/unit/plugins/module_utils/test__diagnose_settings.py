# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _diagnose_settings as checks
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen

CONFIG = {
    "CUDA_VISIBLE_DEVICES": "", "HTTPS_PROXY": "", "LLAMA_ARG_FIT_TARGET": "", "OLLAMA_DEBUG": "INFO",
    "OLLAMA_FLASH_ATTENTION": "false", "OLLAMA_HOST": "http://127.0.0.1:11434", "OLLAMA_KEEP_ALIVE": "5m0s",
    "OLLAMA_MODELS": "/srv/models", "OLLAMA_NUM_PARALLEL": "1", "OLLAMA_ORIGINS": "[http://localhost app://*]",
}
FOREVER = "2562047h47m16.854775807s"


def look(wanted=None, started=None, read=None, written=None):
    """An instance whose server was ``started`` with these variables (as wanted by default) and read them so."""
    wanted = wanted or {}
    config = " ".join(f"{name}:{value}" for name, value in sorted({**CONFIG, **(read or {})}.items()))
    return SimpleNamespace(
        wanted=wanted, written=written, environment=wanted if started is None else started,
        start_log=[f'time=1 level=INFO msg="server config" env="map[{config}]"'],
        definition="systemctl cat ollama.service", restart="systemctl restart ollama.service",
    )


# name, what it is set to, what the server makes of it
ARRIVES = [
    ("OLLAMA_NUM_PARALLEL", "4", "4"), ("OLLAMA_NUM_PARALLEL", "04", "4"), ("OLLAMA_NUM_PARALLEL", ' "4" ', "4"),
    ("OLLAMA_FLASH_ATTENTION", "1", "true"), ("OLLAMA_FLASH_ATTENTION", "0", "false"),
    ("OLLAMA_FLASH_ATTENTION", "yes", "true"), ("OLLAMA_FLASH_ATTENTION", "", "false"),
    ("OLLAMA_KEEP_ALIVE", "10m", "10m0s"), ("OLLAMA_KEEP_ALIVE", "1h30m", "1h30m0s"), ("OLLAMA_KEEP_ALIVE", "90", "1m30s"),
    ("OLLAMA_KEEP_ALIVE", "-1", FOREVER), ("OLLAMA_KEEP_ALIVE", "-5m", FOREVER), ("OLLAMA_KEEP_ALIVE", "0", "0s"),
    ("OLLAMA_DEBUG", "1", "DEBUG"), ("OLLAMA_DEBUG", "0", "INFO"), ("OLLAMA_DEBUG", "2", "DEBUG-4"), ("OLLAMA_DEBUG", "-1", "WARN"),
    ("OLLAMA_HOST", "127.0.0.1:11434", "http://127.0.0.1:11434"), ("OLLAMA_HOST", "0.0.0.0", "http://0.0.0.0:11434"),
    ("OLLAMA_HOST", "[::1]:8080", "http://[::1]:8080"), ("OLLAMA_HOST", "https://ollama", "https://ollama:443"),
    ("OLLAMA_ORIGINS", "https://a.example.com,https://b", "[https://a.example.com https://b http://localhost app://*]"),
    ("CUDA_VISIBLE_DEVICES", "0,1", "0,1"), ("CUDA_VISIBLE_DEVICES", "0", "0"), ("LLAMA_ARG_FIT_TARGET", "1024", "1024"),
    ("OLLAMA_MODELS", "/srv/my models", "/srv/my models"), ("BARELLAMA_DEFINITION", "0f", None), ("TZ", "UTC", None),
    ("OLLAMA_CLOUD_BASE_URL", "http://127.0.0.1:1", None),
]
SWALLOWED = [
    ("OLLAMA_NUM_PARALLEL", "four", "1", "number"), ("OLLAMA_NUM_PARALLEL", "-1", "1", "number"),
    ("OLLAMA_FLASH_ATTENTION", "off", "true", "boolean"), ("OLLAMA_FLASH_ATTENTION", "2", "true", "boolean"),
    ("OLLAMA_KEEP_ALIVE", "ten", "5m0s", "duration"), ("OLLAMA_KEEP_ALIVE", "5 m", "5m0s", "duration"),
    ("OLLAMA_DEBUG", "debug", "INFO", "level"), ("OLLAMA_ORIGINS", "https://a, https://b", "[https://a  https://b]", "list"),
    ("OLLAMA_HOST", "127.0.0.1:99999", "http://127.0.0.1:11434", "text"), ("OLLAMA_MODELS", "/srv/x", "/srv/y", "text"),
]


@pytest.mark.parametrize(("name", "value", "read"), ARRIVES)
def test_what_arrives_is_not_told(name, value, read):
    for wanted in ({name: value}, {}):
        seen = look(wanted, {name: value}, {} if read is None else {name: read})
        assert [*checks.settings(seen), *checks.environment(seen)] == []


@pytest.mark.parametrize(("name", "value", "read", "kind"), SWALLOWED)
def test_what_the_server_reads_as_something_else_is_told(name, value, read, kind):
    (found,) = checks.settings(look({name: value}, read={name: read}))
    assert found["symptom"].startswith(f"{name} is set to '") and read.split()[0] in found["symptom"]
    assert found["cause"] == checks.RULES[kind] and found["cure"].startswith(checks.EXAMPLES[kind])

    seen = look({}, {name: value}, {name: read})
    assert list(checks.settings(seen)) == []
    (found,) = checks.environment(seen)
    assert found["cure"].endswith(", where it is set: systemctl cat ollama.service")


def test_the_cure_names_the_variable_of_the_role():
    wanted = {"OLLAMA_NUM_PARALLEL": "four", "OLLAMA_MODELS": "/a", "OLLAMA_NEW": "1"}
    found = list(checks.settings(look(wanted, read={"OLLAMA_NEW": "2"})))
    assert [each["cure"].rpartition(", in ")[2] for each in found] == [
        "ollama_models_dir", "ollama_extra_env", "ollama_settings.num_parallel"]


@pytest.mark.parametrize(("name", "cause"), [
    ("OLLAMA_KEEP_ALIVES", "this release of Ollama knows no such variable; did you mean OLLAMA_KEEP_ALIVE?"),
    ("OLLAMA_NEW_ENGINE", "OLLAMA_NEW_ENGINE is gone since Ollama 0.30.0; delete it"),
    ("OLLAMA_PORT", "OLLAMA_PORT belongs to other products; set ollama_port"),
])
def test_a_name_that_the_server_does_not_know_is_told(name, cause):
    (found,) = checks.settings(look({name: "1"}))
    assert (found["symptom"], found["cause"]) == (f"{name} is set, and has no effect", cause)


@pytest.mark.parametrize(("started", "end"), [({"OLLAMA_NUM_PARALLEL": "8"}, "with '8'"), ({}, "without it")])
def test_what_something_else_overrides_is_told_once(started, end):
    (found,) = checks.settings(look({"OLLAMA_NUM_PARALLEL": "4"}, started, {"OLLAMA_NUM_PARALLEL": "8"}))
    assert found["symptom"] == f"OLLAMA_NUM_PARALLEL is wanted as '4', and the server was started {end}"
    assert "systemctl cat ollama.service; then restart it: systemctl restart ollama.service" in found["cure"]


def test_credentials_are_not_shown():
    (found,) = checks.settings(look({"HTTPS_PROXY": "http://me:word@proxy:1"}, {"HTTPS_PROXY": "http://you:pass@proxy:1"}))
    assert "word" not in str(found) and "pass" not in str(found)


def test_without_the_process_the_log_alone_is_compared():
    seen = look({"OLLAMA_NUM_PARALLEL": "4"})
    seen.environment = None
    assert len(list(checks.settings(seen))) == 1
    assert list(checks.environment(seen)) == []


def test_without_the_line_what_is_overridden_is_told_all_the_same():
    seen = look({"OLLAMA_NUM_PARALLEL": "4"}, {})
    seen.start_log = ["nothing"]
    found = checks.settings(seen)
    assert "without it" in next(found)["symptom"]
    with pytest.raises(Unseen, match="no line 'server config'"):
        next(found)


@pytest.mark.parametrize(("written", "cause"), [
    ({"OLLAMA_NUM_PARALLEL": "2"}, "its file of settings says so: site.yml was not run"),
    ({"OLLAMA_NUM_PARALLEL": "4"}, "something else sets it later"),
    (None, "something else sets it later"),
])
def test_a_setting_that_the_roles_own_file_does_not_have_was_not_applied(written, cause):
    (found,) = checks.settings(look({"OLLAMA_NUM_PARALLEL": "4"}, {"OLLAMA_NUM_PARALLEL": "2"}, written=written))
    assert found["cause"].startswith(cause)
