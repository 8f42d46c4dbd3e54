# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that others set up: one as upstream's install script leaves it, edited since; one with a container of docker run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
import yaml

from .conftest import BED, ROOT, Fleet, bed

PATIENCE = 300
OLD, NEW, BAD = "0.32.15", "0.34.4", "0.34.5"
TINY = "sites:5001/demo/tiny:latest"
DROP_IN = "/etc/systemd/system/ollama.service.d/override.conf"
UNIT = (ROOT / "tests/unit/plugins/module_utils/install_script.service").read_text(encoding="utf-8")
# What is on the host once adoption has come that far; each run is killed there, and the next one takes over.
MOMENTS = {
    "its drop-in is written": "test -e /etc/systemd/system/ollama.service.d/10-adopted.conf",
    "it is on record": "test -e /var/lib/barellama/ollama.json",
    "the release is unpacked": f"ls -d /opt/ollama/releases/{NEW}-*",
    "the unit is replaced": "grep -q barellama.fleet /etc/systemd/system/ollama.service",
    "what it replaced goes": "test ! -e /usr/local/lib/ollama",
}
ANSWERS = "until curl -sf -o /dev/null http://127.0.0.1:11434/api/version; do :; done\n"

# What install.sh does, step by step, with the archive of the bed's download site; then what operators do.
INSTALL_SCRIPT = f"""
apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y zstd >/dev/null
rm -rf /usr/local/lib/ollama
curl -sf -o /tmp/ollama.tar.zst http://sites:5001/releases/v{OLD}/ollama-linux-$(dpkg --print-architecture).tar.zst
zstd -qdc /tmp/ollama.tar.zst | tar -x -C /usr/local
useradd -r -s /bin/false -U -m -d /usr/share/ollama ollama
for group in render video; do getent group $group >/dev/null && usermod -a -G $group ollama; done
cat > /etc/systemd/system/ollama.service <<'END'
{UNIT}END
sed -i 's/^RestartSec=3/&\\nNice=3\\nEnvironment=LD_LIBRARY_PATH=\\/opt\\/cuda/' /etc/systemd/system/ollama.service
install -d -o ollama -g ollama /data/models
mkdir -p $(dirname {DROP_IN})
cat > {DROP_IN} <<END
[Service]
Environment=OLLAMA_NUM_PARALLEL=4 OLLAMA_NOPRUNE=off "OLLAMA_ORIGINS=*"
Environment=OLLAMA_MODELS=/data/models
EnvironmentFile=/etc/default/ollama
LimitNOFILE=65536
END
printf 'OLLAMA_KEEP_ALIVE=-1\\nMY_TOKEN="geheim"\\n' > /etc/default/ollama
systemctl daemon-reload; systemctl enable -q ollama; systemctl restart ollama
{ANSWERS}ollama pull --insecure {TINY} >/dev/null 2>&1
"""

DOCKER_RUN = f"""
docker run -d -v ollama:/root/.ollama -p 127.0.0.1:11434:11434 -e OLLAMA_NUM_PARALLEL=4 -e OLLAMA_KEEP_ALIVE=-1 \
  -e MY_TOKEN=geheim --restart always --shm-size 1g --label team=ai --name ollama sites:5001/ollama/ollama:{OLD} >/dev/null
echo $(getent ahostsv4 sites | cut -d' ' -f1) sites blobs | docker exec -i ollama sh -c 'cat >> /etc/hosts'
{ANSWERS}docker exec ollama ollama pull --insecure {TINY} >/dev/null 2>&1
"""


class Found(Fleet):
    """Two such hosts, in an inventory of their own, since adoption writes into it."""

    def command(self, playbook, *arguments, **variables):
        bed_files = ROOT / ".cache" / "beds" / BED
        return [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory / "hosts.json",
                "-e", f"@{bed_files / 'release.json'}", "-e", json.dumps({"ollama_models_list": [], **variables}),
                playbook, *arguments]

    @property
    def inventory(self):
        return self.folder / "inventory"

    def variables(self, node):
        return yaml.safe_load((self.inventory / "host_vars" / node.name / "ollama_adopted.yml").read_text())

    def renew(self):
        bed("down")
        subprocess.run([sys.executable, ROOT / "tools" / "nodes", "up", BED, "debian12", "debian13=debian13-containers"],
                       check=True, cwd=ROOT)
        self.inventory.mkdir()
        (self.inventory / "hosts.json").write_text((ROOT / ".cache" / "beds" / BED / "docker.json").read_text())
        self.nodes[0].sh(INSTALL_SCRIPT)
        self.nodes[1].sh(DOCKER_RUN)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    found = Found(tmp_path_factory.mktemp("found"))
    found.renew()
    yield found
    bed("down")


@pytest.fixture(scope="module")
def adopted(found):
    """The same after adoption, with what the sites were asked meanwhile. On both hosts runs were killed before."""
    service = found.nodes[0]
    found.store = content(service)
    found.nodes[1].sh("docker rename ollama ollama-before-adoption; docker stop ollama-before-adoption")
    found.nodes[1].sh("rm -rf /etc/ollama")
    subprocess.run(["docker", "exec", found.sites, "curl", "-sf", "-X", "DELETE", "http://sites:5001/_requests"], check=True)
    service.sh("rm -rf /etc/systemd/system/ollama.service.d/10-adopted.conf /var/lib/barellama; systemctl daemon-reload")
    for moment in MOMENTS.values():
        kill_once(found, service, moment)
        service.sh(ANSWERS)
        assert service.version() in (OLD, NEW) and content(service) == found.store, moment
    found.run("adopt.yml", ollama_version=NEW, ollama_retry_failed_version=True).assert_ok()
    found.asked = subprocess.run(["docker", "exec", found.sites, "curl", "-sf", "http://sites:5001/_requests"],
                                 check=True, capture_output=True, text=True).stdout
    return found


def kill_once(found, node, moment):
    """Adopt, and kill the run with all that it has started on the control node as soon as a shell script on the node succeeds."""
    watch = node.start("sh", "-c", f"until {moment} >/dev/null 2>&1; do sleep 0.05; done")
    run = subprocess.Popen(found.command(ROOT / "playbooks/adopt.yml", "--limit", f"localhost,{node.name}", ollama_version=NEW),
                           env=found.environment(), cwd=found.folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                           start_new_session=True)
    try:
        assert watch.wait(PATIENCE) == 0, f"not seen: {moment}"
    finally:
        os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, f"was through before: {moment}"


def content(node):
    """Every file of the store of the service, with its owner."""
    return node.sh("cd /data/models; find . -type f -exec sha256sum {} + | sort; find . -printf '%U %p\\n' | sort")


def state(node):
    """What must not change as long as nothing is adopted."""
    return node.sh("sha256sum /etc/systemd/system/ollama.service /usr/local/bin/ollama 2>&1 || docker inspect -f '{{.Id}}' ollama")


def environment(node):
    if node.holds("systemctl is-active -q ollama"):
        return node.sh("tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID ollama)/environ").splitlines()
    return node.sh("docker exec ollama env").splitlines()


def models(node):
    return [(model["name"], model["digest"]) for model in node.api("/api/tags")["models"]]


def test_a_plan_tells_each_setting_and_changes_nothing(found):
    before = [state(node) for node in found.nodes]
    run = found.run("adopt.yml", "--check", "--diff", "-v").assert_ok()

    output = " ".join(run.output.split())
    for line in ("OLLAMA_NUM_PARALLEL=4 becomes ollama_settings.num_parallel: 4",
                 "OLLAMA_NOPRUNE=off becomes ollama_settings.noprune: true, which is how Ollama reads it",
                 "OLLAMA_KEEP_ALIVE=-1 becomes ollama_settings.keep_alive: forever",
                 "MY_TOKEN=*** becomes ollama_extra_env.MY_TOKEN",
                 "Nice=3: kept in /etc/systemd/system/ollama.service.d/10-adopted.conf",
                 "OLLAMA_ORIGINS in a drop-in: * would let every web page use this server",
                 f"stays: {DROP_IN}: a drop-in of yours",
                 "goes once ours serves: /usr/local/lib/ollama",
                 "ollama_container_volume: ollama",
                 "not carried over: ShmSize 1073741824",
                 "not carried over: restart policy always; ours is unless-stopped",
                 "not carried over: label team"):
        assert line in output, line
    assert "geheim" not in run.output
    assert [state(node) for node in found.nodes] == before
    assert not (found.inventory / "host_vars").exists()
    assert not any(node.holds("test -e /var/lib/barellama || test -e /etc/ollama") for node in found.nodes)


def test_variables_that_would_be_hidden_or_overwritten_are_an_error(found):
    host_vars = found.inventory / "host_vars"
    host_vars.mkdir()
    (host_vars / "debian12.yml").write_text("{}")
    (host_vars / "debian13").mkdir()
    (host_vars / "debian13" / "ollama_adopted.yml").write_text("ollama_port: 1234\n")
    run = found.run("adopt.yml", "-v", ollama_version=NEW)
    output = " ".join(run.output.split())
    assert run.status != 0
    assert "host_vars/debian12.yml would no longer be read" in output
    assert "host_vars/debian13/ollama_adopted.yml says something else than this host; merge this into it" in output
    assert "MY_TOKEN: '***'" in output and "geheim" not in output
    assert [node.version() for node in found.nodes] == [OLD, OLD]
    (host_vars / "debian12.yml").unlink()
    (host_vars / "debian13" / "ollama_adopted.yml").unlink()


def test_what_cannot_be_carried_over_is_refused_before_anything_is_touched(found):
    node = found.nodes[0]
    node.sh("mkdir -p /run/systemd/system/ollama.service.d; printf '[Service]\\nEnvironment=OLLAMA_HOST=0.0.0.0\\n' > "
            "/run/systemd/system/ollama.service.d/50-open.conf; systemctl daemon-reload")
    run = found.run("adopt.yml", "--limit", f"localhost,{node.name}", ollama_version=NEW)
    node.sh("rm -r /run/systemd/system/ollama.service.d; systemctl daemon-reload")
    assert run.status != 0 and "set ollama_allow_unauthenticated_network: true" in " ".join(run.output.split())
    assert not node.holds("test -e /var/lib/barellama")


def test_what_the_probe_refuses_is_refused_before_anything_is_touched(found):
    before = [state(node) for node in found.nodes]
    for node in found.nodes:
        node.sh("mkdir -p /etc/ollama; echo mine > /etc/ollama/default.env")
    run = found.run("adopt.yml", ollama_version=NEW)
    for node in found.nodes:
        node.sh("rm -r /etc/ollama")
    assert run.status != 0 and run.output.count("/etc/ollama/default.env was not made by this role") >= 2, run.output
    assert [state(node) for node in found.nodes] == before
    assert not any(node.holds("test -e /var/lib/barellama || ls /etc/systemd/system/ollama.service.d/10-*") for node in found.nodes)


def test_a_version_that_does_not_serve_leaves_what_was_there(found):
    before = [state(node) for node in found.nodes]
    run = found.run("adopt.yml", ollama_version=BAD, ollama_health_wait=20)

    output = " ".join(run.output.split())
    assert run.status != 0
    assert f"Rolled back: Ollama {OLD} serves again." in output, run.output
    assert "The container ollama serves again, since ours did not" in output, run.output
    assert [state(node) for node in found.nodes] == before
    assert [node.version() for node in found.nodes] == [OLD, OLD]
    assert all(name == TINY for node in found.nodes for name, _digest in models(node))
    assert found.nodes[1].sh("docker ps -a --format '{{.Names}}'") == "ollama"


def test_the_new_version_serves_the_same_models_with_the_same_settings(adopted):
    for node in adopted.nodes:
        assert node.version() == NEW
        assert [name for name, _digest in models(node)] == [TINY]
        assert {"OLLAMA_NUM_PARALLEL=4", "OLLAMA_KEEP_ALIVE=-1", "MY_TOKEN=geheim"} <= set(environment(node))
        assert adopted.variables(node)["ollama_settings"]["keep_alive"] == "forever"
        assert adopted.variables(node)["ollama_extra_env"] == {"MY_TOKEN": "geheim"}
    service, container = adopted.nodes
    assert {"OLLAMA_ORIGINS=*", "OLLAMA_NOPRUNE=1", "LD_LIBRARY_PATH=/opt/cuda"} <= set(environment(service))
    assert service.sh("ps -o ni= -p $(systemctl show -P MainPID ollama)").strip() == "3"
    assert service.holds(f"grep -q LimitNOFILE=65536 {DROP_IN}")
    assert adopted.variables(service)["ollama_models_dir"] == "/data/models"
    assert adopted.variables(container)["ollama_container_volume"] == "ollama"


def test_killed_runs_left_the_store_as_it_was(adopted):
    assert content(adopted.nodes[0]) == adopted.store


def test_no_byte_of_a_model_was_downloaded(adopted):
    asked = [json.loads(line)["path"] for line in adopted.asked.splitlines()]
    assert any(path.startswith("/releases/") for path in asked)
    assert not [path for path in asked if "/demo/" in path]


def test_what_was_replaced_is_gone(adopted):
    service, container = adopted.nodes
    assert service.sh("readlink /usr/local/bin/ollama") == "/opt/ollama/current/bin/ollama"
    assert not service.holds("test -e /usr/local/lib/ollama")
    assert container.sh("docker ps -a --format '{{.Names}} {{.Image}}'") == f"ollama sites:5001/ollama/ollama:{NEW}"


def test_from_then_on_it_is_a_host_like_any_other(adopted):
    adopted.run(ollama_version=NEW).assert_unchanged()
    adopted.run("adopt.yml", ollama_version=NEW).assert_unchanged()


def test_a_second_server_beside_ours_is_not_adopted(adopted):
    container = adopted.nodes[1]
    container.sh(f"docker run -d -p 127.0.0.1:9999:11434 --name other sites:5001/ollama/ollama:{NEW}")
    run = adopted.run("adopt.yml", "--limit", f"localhost,{container.name}", ollama_version=NEW)
    assert run.status != 0 and "has another Ollama besides" in " ".join(run.output.split()), run.output
    assert container.sh("docker ps --format '{{.Names}}' | sort").split() == ["ollama", "other"]
    container.sh("docker rm -f other")


def test_a_mounted_directory_stays_where_it_is_and_a_server_in_the_hosts_network_makes_room(adopted):
    container = adopted.nodes[1]
    before = models(container)
    container.sh(f"""docker rm -f ollama; rm -r /var/lib/barellama /etc/ollama
        cp -a $(docker volume inspect -f '{{{{.Mountpoint}}}}' ollama) '/srv/my models'
        docker run -d -v '/srv/my models:/root/.ollama' --network host -e OLLAMA_HOST=127.0.0.1 --name ollama sites:5001/ollama/ollama:{OLD}
        {ANSWERS}""")
    (adopted.inventory / "host_vars" / container.name / "ollama_adopted.yml").unlink()

    adopted.run("adopt.yml", "--limit", f"localhost,{container.name}", ollama_version=NEW).assert_ok()

    assert adopted.variables(container)["ollama_container_volume"] == "ollama-srv-my-models"
    assert container.version() == NEW and models(container) == before
    container.sh("docker exec ollama touch /root/.ollama/models/here; test -e '/srv/my models/models/here'")
    adopted.run("site.yml", "--limit", f"localhost,{container.name}", ollama_version=NEW).assert_unchanged()
