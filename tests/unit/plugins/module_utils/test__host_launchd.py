# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import check_desired
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._host import Host
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.accounts import Accounts

LABEL = "barellama.fleet.ollama.default"
SERVICE = {"kind": "launchd", "name": LABEL, "marker": "BARELLAMA_DEFINITION=ab"}
KEG = {"kind": "keg", "root": "/opt/ollama", "name": "ollama", "version": "0.34.4"}

# In the form in which macOS shows a service, written from its documentation: no Mac was at hand.
PRINTED = f"""system/{LABEL} = {{
    active count = 1
    path = /Library/LaunchDaemons/{LABEL}.plist
    type = LaunchDaemon
    state = running

    program = /opt/ollama/releases/0.34.4/bin/ollama
    arguments = {{
        /opt/ollama/releases/0.34.4/bin/ollama
        serve
    }}

    default environment = {{
        PATH => /usr/bin:/bin:/usr/sbin:/sbin
        BARELLAMA_DEFINITION => elsewhere
    }}

    environment = {{
        OLLAMA_ORIGINS => a => b
        BARELLAMA_DEFINITION => ab
        XPC_SERVICE_NAME => {LABEL}
    }}

    pid = 123
    spawn type = interactive (4)
    sockets = {{
        state = none
    }}
}}
""".replace("    ", "\t")
ENABLED = f'disabled services = {{\n\t"com.apple.ftpd" => disabled\n\t"{LABEL}" => enabled\n}}\n'
GONE = (113, "", f'Could not find service "{LABEL}" in domain for system\n')


def looked(tmp_path, item, printed=(0, PRINTED, ""), disabled=ENABLED):
    """What differs of one thing, and what was found of it."""

    def run_command(command, **_options):
        return {"print": printed, "print-disabled": (0, disabled, "")}[command[1]]

    check_desired([item])
    (found,) = Host(run_command, str(tmp_path), Accounts(), Accounts()).observe([item])
    return [each["reason"] for each in report([item], [found], False)["differences"]], found


def test_a_service_that_runs_from_its_definition_is_as_desired(tmp_path):
    assert looked(tmp_path, SERVICE)[0] == []
    assert looked(tmp_path, {"kind": "launchd", "name": LABEL})[0] == []


AMISS = [
    ("gone", SERVICE, GONE, ENABLED, "state is absent, not running"),
    ("waiting", SERVICE, (0, PRINTED.replace("state = running", "state = spawn scheduled"), ""), ENABLED,
     "state is spawn scheduled, not running"),
    ("silent", SERVICE, (0, "", ""), ENABLED, "state is unknown, not running"),
    ("older", {**SERVICE, "marker": "BARELLAMA_DEFINITION=cd"}, (0, PRINTED, ""), ENABLED,
     "started_from is another definition, not BARELLAMA_DEFINITION=cd"),
    ("disabled", SERVICE, (0, PRINTED, ""), ENABLED.replace("enabled", "disabled"), "enabled is false, not true"),
    ("disabled, as macOS said it before", SERVICE, (0, PRINTED, ""), ENABLED.replace("enabled", "true"),
     "enabled is false, not true"),
]


@pytest.mark.parametrize("item, printed, disabled, reason", [pytest.param(*row[1:], id=row[0]) for row in AMISS])
def test_a_service_that_is_not_as_desired(tmp_path, item, printed, disabled, reason):
    assert looked(tmp_path, item, printed, disabled)[0] == [reason]


def test_a_service_whose_definition_is_to_be_rewritten_differs(tmp_path):
    plist = {"kind": "file", "path": "/a.plist", "content": "x", "mode": "0640", "owner": "alice", "group": "staff"}
    host = Host(lambda command, **_options: (0, PRINTED if command[1] == "print" else ENABLED, ""), str(tmp_path))
    desired = [plist, {**SERVICE, "files": ["/a.plist"]}]
    assert [each["kind"] for each in report(desired, host.observe(desired), False)["differences"]] == ["file", "launchd"]


def test_what_launchd_does_not_say_is_an_error(tmp_path):
    with pytest.raises(FleetError, match="cannot look at barellama.fleet.ollama.default: launchctl says no"):
        looked(tmp_path, SERVICE, (1, "", "no"))


def test_a_host_without_launchd_is_an_error(tmp_path):
    def run_command(command, **_options):
        raise FileNotFoundError

    with pytest.raises(FleetError, match="the method launchd is for macOS"):
        Host(run_command, str(tmp_path)).observe([SERVICE])


def has_brew(tmp_path, prefix, *kegs):
    (tmp_path / prefix / "bin").mkdir(parents=True)
    (tmp_path / prefix / "bin/brew").touch()
    for keg in kegs:
        (tmp_path / prefix / "Cellar/ollama" / keg / "bin").mkdir(parents=True)
        (tmp_path / prefix / "Cellar/ollama" / keg / "bin/ollama").touch(mode=0o755)


def test_a_host_without_homebrew_has_no_keg(tmp_path):
    reasons, found = looked(tmp_path, KEG)
    assert reasons == ["state is absent, not linked"]
    assert found == {"state": "absent", "brew": "", "owner": "", "cellar": "", "kegs": []}


@pytest.mark.parametrize("prefix", ["opt/homebrew", "usr/local"])
def test_a_keg_is_found_where_homebrew_is(tmp_path, prefix):
    has_brew(tmp_path, prefix)
    found = {"state": "absent", "brew": f"/{prefix}/bin/brew", "cellar": f"/{prefix}/Cellar/ollama", "kegs": []}
    assert looked(tmp_path, KEG)[1] == {**found, "owner": "alice"}


def test_a_keg_is_as_desired_when_its_program_can_be_run_through_the_link(tmp_path):
    has_brew(tmp_path, "opt/homebrew", "0.34.4_1", "0.34.3")
    (tmp_path / "opt/homebrew/Cellar/ollama/0.34.4/bin").mkdir(parents=True)  # interrupted
    assert looked(tmp_path, KEG)[1]["kegs"] == ["0.34.3", "0.34.4_1"]
    (tmp_path / "opt/ollama/releases").mkdir(parents=True)
    link = tmp_path / "opt/ollama/releases/0.34.4"
    link.symlink_to(tmp_path / "opt/homebrew/Cellar/ollama/0.34.4_1")
    assert looked(tmp_path, KEG)[0] == []
    (link / "bin/ollama").unlink()
    assert looked(tmp_path, KEG)[0] == ["state is absent, not linked"]
