"""Every profile is a file of plain variables that the roles know and accept."""

from __future__ import annotations

import re

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _inputs

from .repo import files, load, named, roles, some, spec

PROFILES = files("inventories/profiles/*.yml", "profiles")


@pytest.mark.parametrize("path", PROFILES, ids=named)
def test_a_profile_holds_only_variables_of_roles_which_accept_them(path):
    variables = load(path)
    options = {role.name: spec(role) for role in roles()}
    assert set(variables) <= {name for known in options.values() for name in known}, "unknown variable"
    assert all(not isinstance(value, str) or "{{" not in value for value in variables.values()), "not plain"
    for role, known in ((role, known) for role, known in options.items() if set(known) & set(variables)):
        defaults = {name: option["default"] for name, option in known.items() if "{{" not in str(option.get("default"))}
        found = _inputs.problems({**defaults, **{name: value for name, value in variables.items() if name in known}}, role)
        assert found == []


@pytest.mark.parametrize("path", PROFILES, ids=named)
def test_a_profile_says_how_to_use_it(path):
    comment = "".join(re.findall(r"^# (.*\n)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert f"-e @{named(path)}" in comment


def test_the_profiles_that_are_promised_are_there():
    assert some((path.stem for path in PROFILES), "profiles") == ["development", "production", "rag"]
