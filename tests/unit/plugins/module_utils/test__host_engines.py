# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import check_desired
from ansible_collections.barellama.fleet.plugins.module_utils._host_engines import Engines

MARKER = "BARELLAMA_DEFINITION=abc"
# As Docker 26.1 and Podman 5.4 show them, shortened; Docker 20.10 is alike.
RUNNING = {
    "Name": "/ollama",
    "State": {"Status": "running", "Running": True, "Restarting": False},
    "Config": {"Image": "ollama/ollama:0.34.4", "Env": ["PATH=/bin", MARKER]},
}
CREATED = {
    "Name": "made",
    "State": {"Status": "created"},
    "Config": {"Image": "localhost/tiny:1", "Env": None},
    "ImageName": "localhost/tiny:1",
}
CRASHING = {**RUNNING, "Name": "/crash", "State": {"Status": "restarting", "Running": True, "Restarting": True}}
NONE = (1, "[]\n", "Error response from daemon: No such container: ollama\n")
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
SERVER = (0, '{"Platform":{"Name":""},"Version":"26.1.5+dfsg1","ApiVersion":"1.45"}\n', "")
CONTAINER = {"kind": "container", "engine": "docker", "name": "ollama", "image": "ollama/ollama:0.34.4", "active": True}


class Commands:
    """Stands for Tools.run: answers by the first words of a command and notes what was asked, and as whom."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.has_account = "ollama".__eq__

    def run(self, *command, user=None):
        self.asked.append((" ".join(command), user))
        return next((answer for words, answer in self.answers.items() if self.asked[-1][0].startswith(words)), None)


def reasons(answers, *items):
    """Why each thing differs; None where it does not."""
    check_desired(items)
    engines = Engines(Commands(answers), items)
    found = [engines.container(item) if item["kind"] == "container" else engines.engine(item) for item in items]
    told = [report([item], [each], everything=False)["differences"] for item, each in zip(items, found)]
    return [differences[0]["reason"] if differences else None for differences in told]


@pytest.mark.parametrize(("marker", "ours"), [("BARELLAMA_DEFINITION=other", True), ("OTHER=abc", False), (None, False)])
def test_a_container_of_ours_is_known_by_its_definition_whichever_it_is(marker, ours):
    item = {**CONTAINER, "marker": marker} if marker else CONTAINER
    engines = Engines(Commands({"docker container inspect": (0, json.dumps([RUNNING]), "")}), [item])
    assert engines.container(item)["ours"] == ours


@pytest.mark.parametrize(
    ("shown", "fields", "reason"),
    [
        (RUNNING, {}, None),
        (RUNNING, {"marker": MARKER}, None),
        (RUNNING, {"marker": MARKER + "d"}, f"started_from is another definition, not {MARKER}d"),
        (RUNNING, {"image": "ollama/ollama:0.34.5"}, "image is ollama/ollama:0.34.4, not ollama/ollama:0.34.5"),
        (RUNNING, {"active": False}, "state is running, not exited"),
        (CREATED, {"name": "made"}, "state is created, not running"),
        (CREATED, {"name": "made", "active": False}, None),
        (CRASHING, {"name": "crash"}, "state is restarting, not running"),
        (CRASHING, {"name": "crash", "active": False}, "state is restarting, not exited"),
    ],
)
def test_container(shown, fields, reason):
    answers = {"docker container inspect": (0, json.dumps([shown]), "")}
    assert reasons(answers, {**CONTAINER, **fields}) == [reason]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "state is absent, not running"),
        (NONE, "state is absent, not running"),
        ((125, "[]\n", "Error: no such container ollama\n"), "state is absent, not running"),
        ((1, "[]\n", NO_DAEMON), f"state is unknown, not running (docker says {NO_DAEMON})"),
        ((1, "", ""), "state is unknown, not running (docker says nothing)"),
    ],
)
def test_a_container_that_is_not_seen(answer, reason):
    assert reasons({"docker": answer}, CONTAINER, {**CONTAINER, "active": False}) == [reason, None]


def test_containers_are_asked_for_together_by_engine_and_user():
    users = [{**CONTAINER, "engine": "podman", "user": "ollama", "name": name} for name in ("ollama", "b")]
    items = [CONTAINER, {**CONTAINER, "name": "b"}, *users, {**CONTAINER, "engine": "podman"}, CONTAINER]
    commands = Commands({"docker": (1, json.dumps([RUNNING]), NONE[2])})
    engines = Engines(commands, items)
    assert [engines.container(item)["state"] for item in items] == ["running", *["absent"] * 4, "running"]
    assert commands.asked == [
        ("docker container inspect ollama b", None),
        ("podman container inspect ollama b", "ollama"),
        ("podman container inspect ollama", None),
    ]


def test_nothing_is_asked_where_no_container_is_wanted():
    commands = Commands({})
    Engines(commands, [{"kind": "engine", "name": "docker"}])
    assert commands.asked == []


@pytest.mark.parametrize(
    ("item", "answers", "reason"),
    [
        ({"name": "docker"}, {"docker version": SERVER}, None),
        ({"name": "docker", "minimum": "26.1.5"}, {"docker version": SERVER}, None),
        (
            {"name": "docker", "minimum": "28.2"},
            {"docker version": SERVER},
            "version is 26.1.5, not 28.2 or newer (upgrade it, or choose another method)",
        ),
        ({"name": "docker"}, {}, "state is absent, not running (install Docker Engine)"),
        (
            {"name": "docker", "compose": "2.18.0"},
            {"docker version": (1, "null\n", NO_DAEMON)},
            f"state is stopped, not running (docker says {NO_DAEMON}; start it: systemctl enable --now docker)",
        ),
        ({"name": "podman"}, {"podman --version": (0, "podman version 5.4.2\n", "")}, None),
        ({"name": "podman"}, {}, "state is absent, not running (install the distribution's podman)"),
        (
            {"name": "podman", "minimum": "4.4"},
            {"podman --version": (0, "podman version 4.3.1\n", "")},
            "version is 4.3.1, not 4.4 or newer (upgrade it, or choose another method)",
        ),
    ],
)
def test_engine(item, answers, reason):
    assert reasons(answers, {"kind": "engine", **item}) == [reason]


@pytest.mark.parametrize("answer, user, state", [
    ((0, "[{}]", ""), None, "present"),
    ((1, "[]\n", "Error response from daemon: get models: no such volume\n"), None, "absent"),
    ((125, "[]\n", "Error: no such volume models\n"), "ollama", "absent"),
    ((1, "", NO_DAEMON), None, "unknown"),
    (None, None, "absent"),
    (None, "gone", "absent"),
    (None, "ollama", "unknown"),  # its Podman may have one, and cannot be asked
])
def test_volume(answer, user, state):
    item = {"kind": "volume", "engine": "docker", "name": "models", **({"user": user} if user else {})}
    check_desired([item])
    commands = Commands({"docker volume inspect models": answer} if answer else {})
    assert Engines(commands, [item]).volume(item) == {"state": state}
    assert commands.asked == [("docker volume inspect models", user)]


@pytest.mark.parametrize("shown, answer, state", [
    (RUNNING, None, "present"),  # and is not asked
    ({**RUNNING, "Config": {**RUNNING["Config"], "Env": ["BARELLAMA_DEFINITION=older"]}}, (1, "", "Error: No such image: i"), "absent"),
    ({**RUNNING, "State": {"Status": "exited"}}, (0, "[{}]", ""), "present"),
    (CRASHING, (1, "[]\n", "Error response from daemon: No such image: ollama/ollama:0.34.4\n"), "absent"),
    (CREATED, (125, "[]\n", "Error: ollama/ollama:0.34.4: image not known\n"), "absent"),
    (CREATED, (1, "", NO_DAEMON), "unknown"),
])
def test_image(shown, answer, state):
    item = {"kind": "image", "engine": "docker", "name": CONTAINER["image"]}
    check_desired([item])
    answers = {"docker container inspect": (0, json.dumps([shown]), ""), "docker image inspect": answer}
    commands = Commands(answers)
    assert Engines(commands, [{**CONTAINER, "marker": MARKER}, item]).image(item) == {"state": state}
    asked = [command for command, _user in commands.asked]
    assert asked == ["docker container inspect ollama", f"docker image inspect {item['name']}"][: 1 + (answer is not None)]


def test_the_image_of_an_account_without_a_session_is_unknown():
    item = {"kind": "image", "engine": "podman", "name": "i:1", "user": "ollama"}
    assert Engines(Commands({}), [item]).image(item) == {"state": "unknown"}


@pytest.mark.parametrize(
    ("plugin", "program", "found"),
    [
        ((0, "2.26.1-4\n", ""), None, None),
        ((0, "v2.18.0\n", ""), None, None),
        ((0, "5.0.1\n", ""), (0, "1.29.2\n", ""), None),
        ((0, "2.17.9\n", ""), None, "2.17.9"),
        # Docker 20.10 without the plugin takes the words for its own.
        ((125, "", "unknown flag: --short\n"), (0, "1.29.2\n", ""), "the program docker-compose 1.29.2"),
        ((125, "", "unknown flag: --short\n"), (0, "2.40.0\n", ""), "the program docker-compose 2.40.0"),
        ((1, "", "docker: 'compose' is not a docker command.\n"), None, "absent"),
    ],
)
def test_compose(plugin, program, found):
    answers = {"docker version": SERVER, "docker compose": plugin, "docker-compose version": program}
    cure = "install Docker's package docker-compose-plugin, or Debian 13's docker-compose"
    reason = found and f"compose is {found}, not 2.18.0 or newer ({cure})"
    assert reasons(answers, {"kind": "engine", "name": "docker", "compose": "2.18.0"}) == [reason]
