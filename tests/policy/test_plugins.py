"""The three floors, and that nothing is without its test, its group or its document."""

from __future__ import annotations

import ast
import re

import pytest

from .repo import ROOT, files, imports, load, named, some

OURS = "ansible_collections.barellama.fleet.plugins."
UTILS = files("plugins/module_utils/*.py", "module utilities")
MODULES = files("plugins/modules/*.py", "modules")
FILTERS = files("plugins/filter/*.py", "filters")
ACTIONS = files("plugins/action/*.py", "action plugins")
LONGEST = {"plugins": 190, "tools": 190, "tests": 400}  # tests are tables, which are read row by row
EXECUTABLE_LINES = 150
NOT_IN_THE_GROUP = dict.fromkeys(("container_runtime_info", "gpu_facts", "host_drift", "ollama_gguf_info", "secure_boot_key", "unit_sandbox"),
                                 "has no address to share with the others")
# What touches a network, a disk or a process. A file that imports one of these is on the middle floor.
DOING_IO = {"http.client", "urllib.request", "socket", "ssl", "subprocess", "shutil", "tempfile", "tarfile", "pwd", "grp", "fcntl", "threading"}


def test_only_the_module_runner_knows_ansible_module():
    for path in [*UTILS, *MODULES, *FILTERS]:
        if path.name != "_module.py":
            assert not any(name.startswith("ansible.module_utils.basic") for name in imports(path)), named(path)


@pytest.mark.parametrize("path", UTILS, ids=named)
def test_utilities_are_private_and_import_nothing_above_them(path):
    text = path.read_text()
    assert path.name.startswith("_") and "Private to barellama.fleet: may change without notice." in text
    for name in imports(path):
        assert not re.match(rf"{re.escape(OURS)}(modules|filter)\b", name), f"imports upward: {name}"
        if path.name != "_module.py":
            assert not name.startswith(f"{OURS}module_utils._module"), f"imports upward: {name}"


def test_pure_files_import_only_pure_files():
    """A file without input and output of its own, that says so by importing none of it, may be used by any other."""
    ours = {path.stem: {name.removeprefix(f"{OURS}module_utils.").partition(".")[0] for name in imports(path)
                        if name.startswith(f"{OURS}module_utils.")} for path in UTILS}
    doing = {path.stem for path in UTILS if imports(path) & DOING_IO}
    for value_object in ("_names", "_manifests", "_settings", "_errors", "_release_plan"):
        if value_object in ours:
            assert value_object not in doing, f"{value_object} does input or output"
            assert not ours[value_object] & doing, f"{value_object} rests on {ours[value_object] & doing}"
    assert {"_names", "_settings"} <= set(ours)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_modules_are_thin(path):
    tree = ast.parse(path.read_text())
    strings = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    lines = len(path.read_text().splitlines()) - sum(node.end_lineno - node.lineno + 1 for node in strings)
    assert lines <= EXECUTABLE_LINES, f"{lines} lines that run"


@pytest.mark.parametrize("path", [*UTILS, *MODULES, *FILTERS, *ACTIONS, *files("tests/**/*.py", "tests"), *files("tools/*.py", "tools")], ids=named)
def test_files_can_be_read_in_one_sitting(path):
    text = path.read_text()
    tree = ast.parse(text)
    documents = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    lines = len(text.splitlines()) - sum(node.end_lineno - node.lineno + 1 for node in documents)
    assert lines <= LONGEST[path.relative_to(ROOT).parts[0]], f"{lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_is_in_the_action_group_or_listed_with_a_reason(path):
    group = load(ROOT / "meta/runtime.yml")["action_groups"]["ollama"]
    assert (path.stem in group) != (path.stem in NOT_IN_THE_GROUP)


def test_the_action_group_names_only_what_exists():
    assert set(load(ROOT / "meta/runtime.yml")["action_groups"]["ollama"]) <= {path.stem for path in MODULES}


@pytest.mark.parametrize("path", [path for path in UTILS if path.stem not in ("_errors", "_module")] + FILTERS + ACTIONS, ids=named)
def test_every_utility_filter_and_action_has_its_unit_tests(path):
    test = ROOT / "tests/unit" / path.parent.relative_to(ROOT) / f"test_{path.name}"
    assert test.is_file(), f"{named(test)} is missing"
    assert "def test_" in test.read_text() and "assert" in test.read_text()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_has_an_integration_target_that_asserts(path):
    targets = [target for target in files("tests/integration/targets/*", "targets")
               if target.name in (path.stem, f"{path.stem}_module")]
    assert targets, f"no target {path.stem}"
    said = "".join(file.read_text() for file in targets[0].rglob("*.yml"))
    assert "assert" in said and f"barellama.fleet.{path.stem}" in said


@pytest.mark.parametrize("path", ACTIONS, ids=named)
def test_every_action_plugin_is_a_module_s(path):
    assert path.name in [module.name for module in MODULES]


@pytest.mark.parametrize("path", FILTERS, ids=named)
def test_every_filter_is_documented_beside_it(path):
    assert some(load(path.with_suffix(".yml"))["DOCUMENTATION"]["options"], "options")
