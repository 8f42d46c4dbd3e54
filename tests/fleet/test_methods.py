# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every method on one node, one after the other: install or switch, idempotence, upgrade, rollback, removal."""

from __future__ import annotations

import json

import pytest

SYSTEMS = ("debian12=debian12-containers", "debian13=debian13-containers")
OLD, NEW, BAD = "0.32.15", "0.34.4", "0.34.5"
TINY = "sites:5001/demo/tiny:latest"

SYSTEMD = {"ollama_method": "systemd"}
DOCKER = {"ollama_method": "docker"}
PODMAN = {"ollama_method": "podman"}
ROOTLESS = {"ollama_method": "podman", "ollama_container_rootless": True}
# In this order: each starts as a switch from the one before.
METHODS = [pytest.param(method, id=name) for name, method in
           (("docker", DOCKER), ("podman", PODMAN), ("rootless", ROOTLESS), ("systemd", SYSTEMD))]
# What an operator may have beside ours: a Compose project of the natural name, and another account's Quadlet.
BESIDE = f"""
mkdir -p /srv/ui /etc/containers/systemd/users/1234
echo '{{services: {{ui: {{image: "sites:5001/ollama/ollama:{NEW}"}}}}}}' > /srv/ui/compose.yaml
docker compose -p ollama -f /srv/ui/compose.yaml up -d
echo '[Container]' > /etc/containers/systemd/users/1234/ollama.container
"""
LISTS = """
docker ps -a --format {{.Names}}
podman ps -a --format {{.Names}}
if [ -d /run/user/11434 ]; then
    cd /
    XDG_RUNTIME_DIR=/run/user/11434 runuser -u ollama -- podman ps -a --format {{.Names}}
fi
"""


@pytest.fixture(scope="module")
def nodes(fleet):
    return {node.name: node for node in fleet.nodes}


@pytest.fixture(scope="module")
def modern(fleet, nodes):
    """Runs on the node whose engines have what the methods need, which an older systemd service of ours serves."""
    fleet.run("site.yml", "--limit", "debian13", ollama_version=OLD, **SYSTEMD).assert_ok()

    def run(playbook="site.yml", **variables):
        return fleet.run(playbook, "--limit", "debian13", **variables)
    return run


def serving(node):
    """What serves: the version, and the models with their digests."""
    return node.version(), sorted((model["name"], model["digest"]) for model in node.api("/api/tags")["models"])


def pulled_blobs(node):
    """How many requests for bytes of models the sites have seen."""
    told = node.sh("curl -sf http://sites:5001/_requests")
    return sum(json.loads(line)["path"].startswith("/direct/") for line in told.splitlines())


def where(node):
    """How many servers of each kind run: (containers of all engines, processes outside of any)."""
    return len(node.sh(LISTS).split()), int(node.holds("systemctl cat ollama.service | grep -q /opt/ollama/current"))


@pytest.mark.parametrize("method, reason", [
    (DOCKER, "docker-compose 1.29.2, not 2.18.0 or newer"), (PODMAN, "4.3.1, not 4.6 or newer"),
])
def test_engines_that_are_too_old_are_named_before_anything_is_touched(fleet, nodes, method, reason):
    run = fleet.run("site.yml", "--limit", "debian12", ollama_version=OLD, **method)
    assert run.status != 0
    assert reason in run.output, run.output
    assert not nodes["debian12"].holds("test -e /etc/ollama || test -e /opt/ollama || getent passwd ollama")


def test_a_host_whose_engines_are_too_old_goes_on_serving_and_is_removed(fleet, nodes):
    node = nodes["debian12"]
    fleet.run("site.yml", "--limit", node.name, ollama_version=OLD, **SYSTEMD).assert_ok()
    before = node.process()
    assert fleet.run("site.yml", "--limit", node.name, ollama_version=OLD, **PODMAN).status != 0
    assert (node.process(), node.version()) == (before, OLD)
    fleet.run("remove.yml", "--limit", node.name, ollama_version=OLD, **SYSTEMD).assert_ok()
    assert not node.holds("curl -sf http://127.0.0.1:11434/api/version || test -e /opt/ollama || test -e /etc/ollama")


@pytest.mark.parametrize("method", METHODS)
def test_a_method_from_the_switch_to_it_to_a_bad_upgrade(modern, nodes, method):
    node = nodes["debian13"]
    _version, models = serving(node)
    assert [name for name, _digest in models] == [TINY]
    blobs = pulled_blobs(node)

    modern(ollama_version=OLD, **method).assert_ok()
    assert serving(node) == (OLD, models)
    assert where(node) == ((0, 1) if method == SYSTEMD else (1, 0)), "what served before was not retired"
    counts = modern(ollama_version=OLD, **method).assert_unchanged().hosts["debian13"]
    assert 0 < counts["host"] <= 4

    modern(ollama_version=NEW, **method).assert_ok()
    assert serving(node) == (NEW, models)

    run = modern(ollama_version=BAD, ollama_health_wait=8, ollama_retry_failed_version=True, **method)
    assert run.status != 0
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split()), run.output
    assert serving(node) == (NEW, models)
    modern(ollama_version=NEW, **method).assert_unchanged()
    assert pulled_blobs(node) == blobs, "models were downloaded again"


@pytest.mark.parametrize("method", [DOCKER, PODMAN], ids=["docker", "podman"])
def test_a_switch_to_a_method_that_does_not_serve_goes_back(modern, nodes, method):
    node = nodes["debian13"]
    before = serving(node)
    run = modern(ollama_version=BAD, ollama_health_wait=8, ollama_retry_failed_version=True, **method)
    assert run.status != 0
    assert "Rolled back" in run.output, run.output
    assert serving(node) == before
    assert where(node) == (0, 1)
    modern(ollama_version=before[0], **SYSTEMD).assert_unchanged()


@pytest.mark.parametrize("method", METHODS[::-1])  # the first one serves already
def test_removal_leaves_the_models_and_what_others_made_and_nothing_else(modern, nodes, method):
    node = nodes["debian13"]
    modern(ollama_version=NEW, **method).assert_ok()
    node.sh(BESIDE)
    beside = node.sh("docker ps -q --filter label=com.docker.compose.project=ollama")
    store = node.sh("find /usr/share/ollama/.ollama/models -type f | sort | sha256sum")

    modern("remove.yml", ollama_version=NEW, **method).assert_ok()

    assert node.sh("docker ps -q --filter label=com.docker.compose.project=ollama") == beside
    node.sh("docker compose -p ollama -f /srv/ui/compose.yaml down; rm /etc/containers/systemd/users/1234/ollama.container")
    assert where(node) == (0, 0)
    assert not node.holds("curl -sf http://127.0.0.1:11434/api/version")
    assert not node.holds("test -e /etc/ollama || test -e /opt/ollama || test -e /etc/systemd/system/ollama.service")
    assert not node.holds("find /etc/containers/systemd -name '*.container' | grep .")
    assert not node.holds("ls /var/lib/systemd/linger/ollama || docker network ls | grep barellama")
    assert node.sh("find /usr/share/ollama/.ollama/models -type f | sort | sha256sum") == store


def test_a_host_whose_record_is_lost_is_changed_and_removed_all_the_same(modern, nodes):
    node = nodes["debian13"]
    modern(ollama_version=NEW, **DOCKER).assert_ok()
    node.sh("rm /var/lib/barellama/ollama.json")
    modern(ollama_version=OLD, **DOCKER).assert_ok()
    assert node.version() == OLD
    modern("remove.yml", ollama_version=OLD, **DOCKER).assert_ok()
    assert where(node) == (0, 0)
    node.sh("rmdir /etc/ollama/compose /etc/ollama")  # nobody knows any more who made these
