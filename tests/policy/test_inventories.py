"""Every example inventory is read by Ansible itself and fits the roles."""

from __future__ import annotations

import json
import subprocess

import pytest

from .repo import ROOT, files, load, named, roles, some, spec

INVENTORIES = [path.parent for path in files("inventories/*/hosts.yml", "inventories")]


@pytest.mark.parametrize("inventory", INVENTORIES, ids=named)
def test_ansible_reads_it_and_finds_hosts_in_the_group_that_playbooks_use(inventory):
    done = subprocess.run(["ansible-inventory", "-i", str(inventory), "--list"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[WARNING]" not in done.stderr and "[ERROR]" not in done.stderr, done.stderr
    assert some(json.loads(done.stdout)["ollama"]["hosts"], "hosts")


@pytest.mark.parametrize("path", files("inventories/*/group_vars/*/*.yml", "group variables"), ids=named)
def test_variable_files_are_named_after_the_role_they_steer_and_hold_only_its_variables(path):
    options = {role.name: spec(role) for role in roles()}
    assert path.stem in options, f"no role {path.stem}"
    assert set(load(path)) <= set(options[path.stem]), f"unknown: {set(load(path)) - set(options[path.stem])}"
