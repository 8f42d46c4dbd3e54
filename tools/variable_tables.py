# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the tables of variables from where they are defined: argument specs and the table of settings.

Only the text between the two markers is replaced. With --check nothing is written and stale pages fail.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import yaml
from ansible_collections.barellama.fleet.plugins.module_utils import _settings_table

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"


def plain(text):
    """Ansible's markup as Markdown: C(x), O(x) and V(x) become code."""
    text = " ".join(text) if isinstance(text, list) else text
    return re.sub(r"\b[COVEB]\(([^)]*)\)", r"`\1`", text).replace("|", "\\|")


def code(value):
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def rows_of(options, parent=""):
    """One row a variable; the keys of a list's entries follow it as ``name[].key``."""
    for name, option in options.items():
        default = "required" if option.get("required") else code(option["default"]) if "default" in option else ""
        yield f"| `{parent}{name}` | {option['type']} | {default} | {plain(option['description'])} |"
        yield from rows_of(option.get("options", {}), f"{parent}{name}[].")


def role_table(spec_file):
    options = yaml.safe_load(spec_file.read_text())["argument_specs"]["main"]["options"]
    return "\n".join(["| Variable | Type | Default | Meaning |", "| --- | --- | --- | --- |", *rows_of(options)])


def settings_table():
    head = ["| Setting | Variable | Since | Meaning |", "| --- | --- | --- | --- |"]
    return "\n".join(head + [
        f"| `{row.key}` | `{row.name}` | {row.since} | {plain(row.meaning)} |" for row in _settings_table.TABLE
    ])


def pages():
    for spec_file in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        yield spec_file.parents[1] / "README.md", role_table(spec_file)
    yield ROOT / "docs" / "settings.md", settings_table()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for page, table in pages():
        old = page.read_text()
        before, after = old.split(BEGIN)[0], old.split(END)[1]
        new = f"{before}{BEGIN}\n{table}\n{END}{after}"
        if new != old:
            stale.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(new)
    if check and stale:
        sys.exit(f"stale: {', '.join(stale)}; run: make docs")


if __name__ == "__main__":
    main()
