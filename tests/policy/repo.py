"""What the policy tests look at. Every list is refused when empty: a rule about nothing holds for nothing."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """YAML as Ansible's, as far as rules need it: custom tags are read as their plain values."""


Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))


def some(things, what):
    """Return a sorted list, which must not be empty."""
    things = sorted(things)
    assert things, f"no {what} found: the rule would hold for nothing"
    return things


def files(pattern, what):
    return some(ROOT.glob(pattern), what)


def tracked():
    """Every file that git tracks or would track, as Path relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    return some((Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()), "tracked files")


def named(path):
    return str(path.relative_to(ROOT))


def load(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def roles():
    return files("roles/*/", "roles")


def spec(role):
    """The options of a role's main entry point."""
    return load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def tasks(content):
    """Every task of a task list or playbook, blocks and plays opened."""
    for entry in content or []:
        if not isinstance(entry, dict):
            continue
        yield entry
        for inside in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks(entry.get(inside))


def task_files():
    """Task files, handlers and playbooks that ship."""
    return some([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/**/*.yml")],
                "task files")


def all_tasks():
    return [(path, task) for path in task_files() for task in tasks(load(path))]


def imports(path):
    """The dotted names that a Python file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
