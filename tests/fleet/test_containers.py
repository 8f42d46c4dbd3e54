# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Engines that are too old, switches that fail, and what removal leaves of each method."""

from __future__ import annotations

import pytest
from tests.fleet.methods import DOCKER, ENDS, HANGS, NEW, NOWHERE, OLD, PODMAN, ROOTLESS, SYSTEMD, place, runs_on, serving, where

SYSTEMS = ("debian12=debian12-containers", "debian13=debian13-containers")

# What an operator may have beside ours: a Compose project of the natural name, and another account's Quadlet.
BESIDE = f"""
mkdir -p /srv/ui /etc/containers/systemd/users/1234
echo '{{services: {{ui: {{image: "sites:5001/ollama/ollama:{NEW}"}}}}}}' > /srv/ui/compose.yaml
docker compose -p ollama -f /srv/ui/compose.yaml up -d
echo '[Container]' > /etc/containers/systemd/users/1234/ollama.container
"""


@pytest.fixture(scope="module")
def nodes(fleet):
    return {node.name: node for node in fleet.nodes}


@pytest.fixture(scope="module")
def modern(fleet):
    """Runs on the node whose engines have what the methods need, which a systemd service of ours serves."""
    run = runs_on(fleet, "debian13")
    run(ollama_version=NEW, **SYSTEMD).assert_ok()
    return run


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


@pytest.mark.parametrize("method, bad", [
    pytest.param(DOCKER, HANGS, id="docker"), pytest.param(PODMAN, ENDS, id="podman"), pytest.param(ROOTLESS, HANGS, id="rootless"),
])
def test_a_switch_to_a_method_that_does_not_serve_goes_back(modern, nodes, method, bad):
    node = nodes["debian13"]
    before = serving(node)
    run = modern(**bad, **method)
    assert run.status != 0
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(run.output.split()), run.output
    assert (serving(node), where(node)) == (before, place(SYSTEMD))
    modern(ollama_version=NEW, **SYSTEMD).assert_unchanged()


@pytest.mark.parametrize("method", [  # the first one serves already
    pytest.param(method, id=name) for name, method in
    (("systemd", SYSTEMD), ("rootless", ROOTLESS), ("podman", PODMAN), ("docker", DOCKER))])
def test_removal_leaves_the_models_and_what_others_made_and_nothing_else(modern, nodes, method):
    node = nodes["debian13"]
    modern(ollama_version=NEW, **method).assert_ok()
    node.sh(BESIDE)
    beside = node.sh("docker ps -q --filter label=com.docker.compose.project=ollama")
    store = node.sh("find /usr/share/ollama/.ollama/models -type f | sort | sha256sum")

    modern("remove.yml", ollama_version=NEW, **method).assert_ok()

    assert node.sh("docker ps -q --filter label=com.docker.compose.project=ollama") == beside
    node.sh("docker compose -p ollama -f /srv/ui/compose.yaml down; rm /etc/containers/systemd/users/1234/ollama.container")
    assert where(node) == NOWHERE
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
    assert where(node) == NOWHERE
    node.sh("rmdir /etc/ollama/compose /etc/ollama")  # nobody knows any more who made these
