# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left on a host of images, volumes, stores and directories, by method after method and by removal: one story."""

from __future__ import annotations

import json

import pytest

SYSTEMS = ("debian13=debian13-containers",)
OLD, NEW = "0.32.15", "0.34.4"
IMAGE = "sites:5001/ollama/ollama"
DOCKER = {"ollama_method": "docker", "ollama_container_volume": "models"}
MOVED = {"ollama_method": "systemd", "ollama_models_dir": "/srv/models"}
ROOTLESS = {"ollama_method": "podman", "ollama_container_rootless": True, "ollama_container_volume": "store"}
SESSION = "systemd-run --quiet --pipe --wait --collect --property=User=ollama --property=PAMName=login"


@pytest.fixture(scope="module")
def node(fleet):
    return fleet.nodes[0]


@pytest.fixture(scope="module")
def run(fleet, node):
    return lambda playbook="site.yml", **variables: fleet.run(playbook, "--limit", node.name, **variables)


def images(node, engine="docker"):
    """The versions of Ollama that an engine has images of."""
    return node.sh(f"{engine} images --format '{{{{.Tag}}}}' {IMAGE}").split()


def volumes(node, engine="docker"):
    return node.sh(f"{engine} volume ls --quiet").split()


def record(node):
    return json.loads(node.sh("cat /var/lib/barellama/ollama.json"))


def said(run):
    return " ".join(run.assert_ok().output.split())


def test_an_image_of_ours_is_the_way_back_and_goes_when_nothing_leads_to_it(run, node):
    run(ollama_version=OLD, **DOCKER).assert_ok()
    node.sh(f"docker pull -q {IMAGE}:{NEW}; docker create --name others {IMAGE}:{OLD}")
    run(ollama_version=NEW, **DOCKER).assert_ok()
    assert sorted(images(node)) == [OLD, NEW]

    # Another method is a version further: the way back leads to NEW now, which others have pulled.
    told = said(run(ollama_version=NEW, **MOVED))
    assert f"image {IMAGE}:{OLD} stays: " in told and f"remove it by hand: docker image rm {IMAGE}:{OLD}" in told
    assert sorted(images(node)) == [OLD, NEW], "an image went that a container of others uses"
    assert not node.holds("test -e /etc/ollama/compose"), "an empty directory was left"

    node.sh("docker rm others")
    run(ollama_version=NEW, **ROOTLESS).assert_ok()
    assert images(node) == [NEW], "what could not be removed was not tried again, or what others have pulled went"


def test_a_volume_is_ours_of_an_account_that_had_no_session(node):
    ours = {(thing["kind"], thing["name"], thing.get("user")) for thing in record(node)["made"] if "engine" in thing}
    assert {("volume", "models", None), ("volume", "store", "ollama"), ("image", f"{IMAGE}:{NEW}", "ollama")} <= ours
    assert ("image", f"{IMAGE}:{NEW}", None) not in ours


def test_removal_names_every_store_that_stays(run, node):
    told = said(run("remove.yml", ollama_version=NEW, **ROOTLESS))
    assert ("Models stay in /usr/share/ollama, /srv/models, volume store of podman, volume models of docker, "
            "and the account ollama;") in told, told
    assert node.holds("test -d /srv/models/blobs && id ollama")
    assert (volumes(node), volumes(node, SESSION + " podman")) == (["models"], ["store"])
    assert (images(node), images(node, SESSION + " podman")) == ([NEW], [])


def test_removal_with_models_takes_every_store_and_names_what_it_cannot_reach(run, node):
    node.sh("mv /usr/bin/docker /usr/bin/docker.gone")
    told = said(run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **ROOTLESS))
    node.sh("mv /usr/bin/docker.gone /usr/bin/docker")
    assert "volume models stays: docker cannot be run here; remove it by hand: docker volume rm models" in told, told
    assert not node.holds("test -e /srv/models || test -e /usr/share/ollama || id ollama")
    assert not node.holds("find / -xdev -path '*/volumes/store' | grep .")
    assert record(node)["made"] == [{"kind": "volume", "name": "models", "engine": "docker"}]

    run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **ROOTLESS).assert_ok()
    assert volumes(node) == []
    assert not node.holds("test -e /var/lib/barellama")


@pytest.mark.parametrize("method, definition, look", [
    ({"ollama_method": "systemd"}, "/etc/systemd/system/ollama.service", "pgrep -x ollama"),
    ({**ROOTLESS, "ollama_container_rootless": False}, "/etc/containers/systemd/ollama.container", "podman container ls --all --quiet | grep ."),
    (ROOTLESS, "/etc/containers/systemd/users/11434/ollama.container", f"{SESSION} podman container ls --all --quiet | grep ."),
])
def test_removal_stops_what_runs_though_somebody_has_deleted_its_definition(run, node, method, definition, look):
    run(ollama_version=NEW, **method).assert_ok()
    rootless = "--user --machine=ollama@.host" if method == ROOTLESS else ""
    node.sh(f"{look}; rm {definition}; systemctl {rootless} daemon-reload; curl -sf http://127.0.0.1:11434/api/version")
    run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **method).assert_ok()
    assert not node.holds("curl -sf http://127.0.0.1:11434/api/version")
    assert not node.holds(f"id ollama && {look}" if method == ROOTLESS else look)
    assert not node.holds("test -e /var/lib/barellama || find /etc/systemd/system/*.wants -name 'ollama*' | grep .")


def test_what_went_with_an_account_that_others_deleted_is_no_longer_on_record(run, node):
    run(ollama_version=NEW, **ROOTLESS).assert_ok()
    node.sh("loginctl disable-linger ollama; systemctl stop user@11434; until userdel ollama; do sleep 0.2; done")
    told = said(run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **ROOTLESS))
    for thing in ("volume store", f"image {IMAGE}:{NEW}"):
        assert f"{thing} is no longer on record: the account ollama, whose it was, is not on this host any more" in told, told
    assert not node.holds("test -e /var/lib/barellama")


def test_an_image_and_a_volume_that_are_there_are_left_alone_and_an_image_whose_name_is_gone_comes_again(run, node):
    run(ollama_version=NEW, **DOCKER).assert_ok()
    run(fleet_probe=False, ollama_version=NEW, **DOCKER).assert_unchanged()
    node.sh(f"docker tag {IMAGE}:{NEW} others; docker rmi --force {IMAGE}:{NEW}")
    run(ollama_version=NEW, **DOCKER).assert_unchanged()
    run(ollama_version=NEW, ollama_settings={"keep_alive": "7m"}, **DOCKER).assert_ok()
    assert NEW in images(node)


def test_containers_of_a_docker_that_does_not_answer_stay_on_record(run, node):
    node.sh("systemctl stop docker.socket docker")
    removal = run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **DOCKER)
    told = " ".join(removal.output.split())
    assert removal.status != 0 and "Docker does not say whether container ollama is there: Cannot connect to the Docker daemon" in told, told
    assert "start it (systemctl start docker), and run again" in told
    node.sh("systemctl start docker")
    run("remove.yml", ollama_version=NEW, ollama_remove_models=True, **DOCKER).assert_ok()
    assert not node.holds("docker container ls --all --quiet --filter name=ollama | grep .")
