# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a machine with a network to one without: program and models in one file."""

from __future__ import annotations

import json
import subprocess

import pytest

from .conftest import BED

SYSTEMS = ("debian12", "debian13=debian13-containers")
TINY = "sites:5001/demo/tiny:latest"
BUNDLE = "/srv/ollama.tar"
STORE = "/usr/share/ollama/.ollama/models"
IMAGE = "sites:5001/ollama/ollama:0.34.4"
PROXIES = '{"proxies": {"default": {"httpProxy": "http://proxy.invalid:3128"}}}'
WANTED = {"ollama_models_list": [TINY], "ollama_models_allowed_registries": ["sites:5001"], "ollama_models_insecure": True}


@pytest.fixture(scope="module")
def connected(fleet):
    """The node with a network, which is the control node here."""
    fleet.inventory = "air_gapped"
    node = fleet.nodes[0]
    inventory = fleet.folder / "localhost.json"
    # No host is asked, not even which GPUs it has.
    far = {"ansible_connection": "ansible.builtin.ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ollama_instances": "per_gpu"}
    inventory.write_text(json.dumps({"ollama": {"hosts": {"debian13": far}}}))
    control = fleet.root / ".cache/beds" / BED / "control.json"

    def bundle(**variables):
        return fleet.run("bundle.yml", "-i", control, "-i", inventory, "--limit", "debian13,localhost", ollama_bundle=BUNDLE, **WANTED, **variables)
    return node, bundle


@pytest.fixture(scope="module")
def alone(fleet):
    """The node without; its distribution's zstd and the server's image were brought before."""
    node = fleet.nodes[1]
    node.sh(f"apt-get install -y -qq zstd; docker pull -q {IMAGE}; docker save {IMAGE} | podman load -q")
    subprocess.run(["docker", "network", "disconnect", f"barellama-{BED}", node.container], check=True)
    node.sh(f"echo 127.0.1.1 {node.name} >> /etc/hosts; : > /etc/resolv.conf")
    assert not node.holds("getent hosts sites || curl -s http://sites:5001/")

    def run(playbook="site.yml", *arguments, **variables):
        return fleet.run(playbook, "--limit", f"{node.name},localhost", *arguments, **WANTED, **variables)
    return node, run


def carry(source, target):
    """What an operator does with a stick."""
    with subprocess.Popen(["docker", "exec", source.container, "cat", BUNDLE], stdout=subprocess.PIPE) as stick:
        subprocess.run(["docker", "exec", "-i", target.container, "sh", "-c", f"cat > {BUNDLE}"], stdin=stick.stdout, check=True)


def served(node):
    return [model["name"] for model in node.api("/api/tags")["models"]]


def generates(node):
    body = json.dumps({"model": TINY, "prompt": "hi", "stream": False})
    return json.loads(node.sh(f"curl -sf http://127.0.0.1:11434/api/generate -d '{body}'")).get("response")


def test_a_bundle_is_made_once_where_there_is_a_network(connected):
    node, bundle = connected
    assert bundle().assert_ok().changed_tasks() == ["barellama.fleet.ollama : Bundle | Write models and release"]
    names = node.sh(f"tar -xOf {BUNDLE} index.json")
    assert TINY in names and "ollama-linux-amd64.tar.zst" in names
    bundle().assert_unchanged()


def test_without_it_a_bare_host_is_told_to_have_it_brought(alone):
    node, run = alone
    failed = run()
    assert failed.status != 0 and f"bundle {BUNDLE} cannot be read" in " ".join(failed.output.split()), failed.output
    assert not node.holds("systemctl is-active ollama.service")


def test_program_and_models_come_out_of_it(connected, alone):
    node, run = alone
    carry(connected[0], node)
    plan = run("site.yml", "--check", "--diff").assert_ok()
    assert "Reconcile | Import from the bundle what is missing" in " ".join(plan.changed_tasks()) and f"+{TINY} " in plan.output
    assert not node.holds(f"find {STORE} -type f | grep .")

    run().assert_ok()

    assert node.version() == "0.34.4" and served(node) == [TINY] and generates(node)
    assert node.sh(f"find {STORE} -printf '%u:%g\\n' | sort -u") == "ollama:ollama"
    run("verify.yml").assert_unchanged()


def test_the_second_run_changes_nothing_and_does_not_need_the_bundle(alone):
    node, run = alone
    node.sh(f"mv {BUNDLE} {BUNDLE}.away")
    counts = run().assert_unchanged().hosts[node.name]
    assert 0 < counts["host"] <= 4
    node.sh(f"mv {BUNDLE}.away {BUNDLE}")
    assert run("site.yml").assert_unchanged().hosts[node.name]["host"] <= 4


def test_a_blob_that_is_lost_comes_back(alone):
    node, run = alone
    blob = node.sh(f"find {STORE}/blobs -size +100k | head -1")
    node.sh(f"rm {blob}")
    assert run().assert_ok().changed_tasks() == ["barellama.fleet.ollama_models : Reconcile | Import from the bundle what is missing"]
    assert node.holds(f"test -e {blob}") and generates(node)
    run().assert_unchanged()


def test_without_an_engine_there_is_no_image_and_one_line_says_why(fleet):
    failed = fleet.run("bake.yml", "--limit", "debian12,localhost", ollama_release_archive="", ollama_method="podman",
                       ollama_bake_from=f"sha256:{'a' * 64}", **WANTED)
    assert failed.status != 0
    assert "No image can be built here: podman state is absent, not running (install" in " ".join(failed.output.split()), failed.output


# An image that was loaded has a number, and no digest of a registry.
@pytest.mark.parametrize("engine, base", [("docker", "{{index .RepoDigests 0}}"), ("podman", "sha256:{{.Id}}")], ids=["docker", "podman"])
def test_an_image_with_the_model_inside_is_baked_once_and_serves_it(alone, engine, base):
    node, run = alone
    base = node.sh(f"{engine} image inspect -f '{base}' {IMAGE}")
    image = {"ollama_method": engine, "ollama_release_archive": "", "ollama_bake_from": base}
    plan = run("bake.yml", "--check", "--diff", **image).assert_ok()
    assert f"localhost/ollama-baked:0.34.4 is to be built, with {TINY}" in " ".join(plan.output.split())
    assert not node.holds("test -e /var/lib/barellama/bake") and not node.holds(f"{engine} image inspect localhost/ollama-baked:0.34.4")
    # Killed in the midst of it.
    node.sh(f"mkdir -p /var/lib/barellama/bake/models; touch /var/lib/barellama/bake/models/half; {engine} create --name barellama-bake {base}")
    node.sh(f"mkdir -p /root/.docker; echo '{PROXIES}' > /root/.docker/config.json")

    assert run("bake.yml", **image).assert_ok().changed_tasks()

    assert "proxy.invalid" not in node.sh(f"{engine} image inspect localhost/ollama-baked:0.34.4")
    nothing = f"test ! -e /var/lib/barellama/bake && ! {engine} container inspect barellama-bake"
    assert node.holds(nothing)
    node.sh("rm /root/.docker/config.json")
    assert "localhost/ollama-baked:0.34.4 is there" in run("bake.yml", **image).assert_unchanged().output
    other = run("bake.yml", **{**image, "ollama_bake_from": f"sha256:{'a' * 64}"})
    assert other.status != 0 and "with other models or from another base" in " ".join(other.output.split()), other.output

    node.sh(f"rm -rf /srv/store; mv {STORE} /srv/store")
    image.update(ollama_image="localhost/ollama-baked", ollama_image_models="/models")
    run(**image).assert_ok()

    assert served(node) == [TINY] and generates(node)
    assert not node.holds(f"find {STORE} -type f | grep .")
    run(**image).assert_unchanged()
