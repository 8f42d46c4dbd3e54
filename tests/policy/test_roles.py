"""Rules for roles and playbooks that lint does not know."""

from __future__ import annotations

import re

import pytest

from .repo import ROOT, all_tasks, files, load, named, roles, some, spec, task_files, tasks

TYPES = {"str": str, "path": str, "bool": bool, "int": int, "float": (int, float), "list": list, "dict": dict, "raw": object}
PUBLIC_SWITCHES = {"fleet_probe"}
INTERNAL = {"vendor_repo"}  # included by other roles, and played by a fleet test of its own
FORBIDDEN = {
    r"(?<!['\"\w.])ansible_(os_family|distribution\w*|architecture|hostname|fqdn|default_ipv4|memtotal_mb|processor\w*|kernel|service_mgr)\b":
        "an injected fact: write ansible_facts['x']",
    r"\bvars\[": "the internal vars dict: use the vars lookup",
    r"\bhostvars\[inventory_hostname\]": "a detour: name the variable",
    r"^\s*-?\s*ignore_errors\s*:": "ignore_errors hides real failures",
    r"^\s*with_\w+\s*:": "with_*: use loop",
    r"(?i)[:\s'\"]latest['\"]?\s*$": "latest is not a version",
}


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_argument_specs_tell_keys_types_and_values_of_the_defaults(role):
    options, defaults = spec(role), load(role / "defaults/main.yml")
    assert some(options, "options") == sorted(defaults)
    for name, option in options.items():
        assert "default" in option, f"{name} has no default in the argument spec"
        assert option["default"] == defaults[name], name
        if not isinstance(defaults[name], str) or "{{" not in defaults[name]:
            assert isinstance(defaults[name], TYPES[option["type"]]), f"{name} is no {option['type']}"
        assert option.get("description"), f"{name} is not described"


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_public_names_carry_the_roles_name_and_internal_ones_two_underscores(role):
    for name in load(role / "defaults/main.yml"):
        assert name.startswith(f"{role.name}_"), name
    for path in role.glob("vars/*.yml"):
        for name in load(path):
            assert name.startswith(f"__{role.name}_"), f"{named(path)}: {name} belongs to defaults, or needs two underscores"


def test_no_task_sets_a_public_name():
    for path, task in all_tasks():
        names = [task["register"]] if isinstance(task.get("register"), str) else []
        for action in ("set_fact", "ansible.builtin.set_fact"):
            names += [name for name in task.get(action) or () if name != "cacheable"]
        for name in names:
            assert name.startswith("__"), f"{named(path)}: {name} would shadow what an operator may set"


def test_no_name_is_both_registered_and_a_variable_of_a_task():
    registered = {task["register"]: path for path, task in all_tasks() if isinstance(task.get("register"), str)}
    for path, task in all_tasks():
        for name in task.get("vars") or ():
            assert name not in registered, f"{named(path)}: {name} is hidden by what {named(registered[name])} registers"


@pytest.mark.parametrize("path", [*task_files(), *files("roles/*/vars/*.yml", "role variables"),
                                  *files("roles/*/templates/**/*.j2", "templates")], ids=named)
def test_nothing_forbidden_is_written(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for pattern, why in FORBIDDEN.items():
            assert line.lstrip().startswith("#") or not re.search(pattern, line), f"{named(path)}:{number}: {why}: {line.strip()}"


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_every_notify_resolves_inside_its_role(role):
    handlers = {name for path in role.glob("handlers/*.yml") for task in tasks(load(path))
                for name in (task.get("name"), task.get("listen")) if name}
    for path in role.glob("tasks/**/*.yml"):
        for task in tasks(load(path)):
            wanted = task.get("notify") or []
            for name in [wanted] if isinstance(wanted, str) else wanted:
                assert name in handlers, f"{named(path)}: no handler {name!r} in {role.name}"


def test_every_download_has_a_checksum():
    for path, task in all_tasks():
        for action, options in task.items():
            if action.rpartition(".")[2] == "get_url":
                assert "checksum" in options, f"{named(path)}: {task.get('name')}"
            if action.rpartition(".")[2] == "ollama_release" and options.get("state", "present") == "present":
                assert "checksums" in options, f"{named(path)}: {task.get('name')}"


@pytest.mark.parametrize("path", [path for path in task_files() if "/tasks/" in str(path) and path.stem != "main"], ids=named)
def test_task_names_say_which_file_they_are_in(path):
    for task in tasks(load(path)):
        if {"block", "name"} & set(task):
            assert task.get("name", "").startswith(f"{path.stem.capitalize()} | ") or "block" in task, task.get("name")


@pytest.mark.parametrize("role", roles(), ids=lambda role: role.name)
def test_a_role_is_verifiable_documented_and_short(role):
    entries = load(role / "meta/argument_specs.yml")["argument_specs"]
    assert "verify" in entries and (role / "tasks/verify.yml").is_file(), "no verify"
    assert (role / "README.md").is_file(), "no README.md"
    assert len((role / "tasks/main.yml").read_text().splitlines()) < 70, "tasks/main.yml is a table of contents"
    assert "barellama.fleet.site" in (ROOT / "molecule/default/converge.yml").read_text(), "the scenario plays something else"
    played = [ROOT / f"tests/fleet/test_{role.name}.py"] if role.name in INTERNAL else files("playbooks/*.yml", "playbooks")
    assert any(re.search(rf"barellama\.fleet\.{role.name}\b", path.read_text()) for path in played), "nothing plays it"


@pytest.mark.parametrize("path", files("playbooks/*.yml", "playbooks"), ids=named)
def test_a_playbook_is_a_list_of_roles_or_of_tasks_and_can_be_called_by_name(path):
    assert re.fullmatch(r"[a-z_]+", path.stem), "found by name only without hyphens"
    for play in load(path):
        assert not ({"roles", "tasks"} <= set(play)), f"{play.get('name')}: roles and tasks in one play"
        if "hosts" in play:
            assert play.get("gather_facts") is False, f"{play.get('name')}: gathers facts for nothing"
