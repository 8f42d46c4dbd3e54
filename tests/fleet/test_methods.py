# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every method on one node, one after the other: switch, idempotence, upgrade, the way back from a bad version, rollback."""

from __future__ import annotations

import json
import re

import pytest
from tests.fleet.methods import (DOCKER, ENDS, HANGS, LAST_WORDS, NEW, OLD, PODMAN, ROOTLESS, SYSTEMD, place, runs_on,
                                 serving, where)

SYSTEMS = ("debian13=debian13-containers",)
TINY = "sites:5001/demo/tiny:latest"

# In this order: each starts as a switch from the one before. Each meets one of the bad versions.
METHODS = [pytest.param(method, bad, id=name) for name, method, bad in (
    ("docker", DOCKER, ENDS), ("podman", PODMAN, HANGS), ("rootless", ROOTLESS, ENDS), ("systemd", SYSTEMD, HANGS))]

# Takes away what the old version ran from.
FORGET = {
    "systemd": f"rm -r /opt/ollama/releases/{OLD}-*",
    "docker": f"docker rmi sites:5001/ollama/ollama:{OLD}",
    "podman": f"podman rmi sites:5001/ollama/ollama:{OLD}",
    "rootless": f"cd /; HOME=/usr/share/ollama runuser -u ollama -- podman rmi sites:5001/ollama/ollama:{OLD}",
}


@pytest.fixture(scope="module")
def node(fleet):
    return fleet.nodes[0]


@pytest.fixture(scope="module")
def run(fleet, node):
    """Runs on the node, which an older systemd service of ours serves."""
    run = runs_on(fleet, node.name)
    run(ollama_version=OLD, **SYSTEMD).assert_ok()
    return run


def pulled_blobs(node):
    """How many requests for bytes of models the sites have seen."""
    told = node.sh("curl -sf http://sites:5001/_requests")
    return sum(json.loads(line)["path"].startswith("/direct/") for line in told.splitlines())


@pytest.mark.parametrize("method, bad", METHODS)
def test_a_method_from_the_switch_to_it_to_a_way_back_that_is_gone(run, node, method, bad, request):
    _version, models = serving(node)
    assert [name for name, _digest in models] == [TINY]
    blobs = pulled_blobs(node)

    run(ollama_version=OLD, **method).assert_ok()
    assert serving(node) == (OLD, models)
    assert where(node) == place(method), "what served before was not retired"
    counts = run(ollama_version=OLD, **method).assert_unchanged().hosts[node.name]
    assert 0 < counts["host"] <= 4

    run(ollama_version=NEW, **method).assert_ok()
    assert serving(node) == (NEW, models)

    failed = run(**bad, **method)
    told = " ".join(failed.output.split())
    assert failed.status != 0
    assert f"Rolled back: Ollama {NEW} serves again." in told, told
    assert (LAST_WORDS in told) == (bad == ENDS), told
    assert serving(node) == (NEW, models)

    node.sh(FORGET[request.node.callspec.id])
    refused = run("rollback.yml", ollama_version=NEW, **method)
    told = " ".join(refused.output.split())
    assert refused.status != 0 and re.search("is (not|no longer) on this host", told), told
    assert serving(node) == (NEW, models)
    run(ollama_version=NEW, **method).assert_unchanged()
    assert pulled_blobs(node) == blobs, "models were downloaded again"


@pytest.mark.parametrize("former, left", [
    pytest.param(SYSTEMD, ROOTLESS, id="systemd"), pytest.param(ROOTLESS, SYSTEMD, id="rootless"),
])
def test_an_operator_goes_back_to_the_method_before(run, node, former, left):
    run(ollama_version=NEW, **former).assert_ok()
    before = serving(node)
    run(ollama_version=NEW, **left).assert_ok()
    assert where(node) == place(left)

    run("rollback.yml", ollama_version=NEW, **left).assert_ok()

    assert (serving(node), where(node)) == (before, place(former))
    run(ollama_version=NEW, **former).assert_unchanged()
