"""The collection as people install it: built, installed, its playbooks called by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from .repo import ROOT, files, some


def ansible(*command, cwd=ROOT, **environment):
    # Ansible looks for collections on Python's path too, and would find this checkout there, as by what the Makefile sets.
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG")}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env={**clean, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", name="artefact")
def _artefact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    ansible("ansible-galaxy", "collection", "build", "--output-path", str(folder))
    return next(folder.glob("barellama-fleet-*.tar.gz"))


@pytest.fixture(scope="module", name="installed")
def _installed(artefact, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    ansible("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "-p", str(folder), str(artefact), ANSIBLE_COLLECTIONS_PATH=str(folder))
    return folder


def test_the_artefact_carries_what_operators_use_and_nothing_else(artefact):
    with tarfile.open(artefact) as archive:
        names = some((member.name for member in archive if member.isfile()), "members")
        assert not [member.name for member in archive if member.issym() or member.islnk()]
    known = {"MANIFEST.json", "FILES.json", "LICENSE", "README.md", "CHANGELOG.rst", "docs", "meta", "plugins", "roles", "playbooks", "inventories"}
    assert {Path(name).parts[0] for name in names} == known
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    for path in [*files("plugins/**/*.py", "plugins"), *files("roles/*/*/**/*.*", "role files"), *files("playbooks/*.yml", "playbooks")]:
        assert str(path.relative_to(ROOT)) in names or "__pycache__" in path.parts


def test_what_the_readme_installs_is_found_from_the_checkout_too(installed, tmp_path):
    home, checkout = tmp_path / "home", tmp_path / "checkout"
    (home / ".ansible").mkdir(parents=True)
    (home / ".ansible/collections").symlink_to(installed)
    checkout.mkdir()
    shutil.copy(ROOT / "ansible.cfg", checkout)
    said = ansible("ansible-playbook", "barellama.fleet.site", "-i", str(ROOT / "inventories/single_host"), "--list-tasks", cwd=checkout, HOME=str(home))
    assert "playbook: " in said


@pytest.mark.parametrize("playbook", [path.stem for path in files("playbooks/*.yml", "playbooks")])
def test_an_installed_playbook_is_found_by_name_with_all_it_uses(installed, playbook):
    said = ansible("ansible-playbook", f"barellama.fleet.{playbook}", "-i", str(ROOT / "inventories/single_host"), "--list-tasks",
                   cwd=installed, ANSIBLE_COLLECTIONS_PATH=str(installed))
    assert f"playbook: {installed}/ansible_collections/barellama/fleet/playbooks/{playbook}.yml" in said
    assert "WARNING" not in said
