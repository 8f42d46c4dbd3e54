# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The method for macOS, on a node that pretends: launchctl and brew are the scripts in mac/, which do on Debian what the
role expects of them. It shows that the role's steps fit together; no Mac was ever here."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

SYSTEMS = ("debian13",)
OLD, NEW, BAD = "0.32.15", "0.34.4", "0.34.5"
LABEL = "barellama.fleet.ollama.default"
PLIST = f"/Library/LaunchDaemons/{LABEL}.plist"
PREPARE = """
apt-get -qq update && apt-get -qq install zstd >/dev/null 2>&1
groupadd -f wheel && useradd -m brewer && mkdir -p /Library/LaunchDaemons /opt/homebrew/bin
cat > /usr/local/bin/launchctl; chmod 755 /usr/local/bin/launchctl
"""


@pytest.fixture(scope="module")
def mac(fleet):
    node = fleet.nodes[0]
    for script, content in ((PREPARE, "launchctl"), ("cat > /opt/homebrew/bin/brew; chmod 755 /opt/homebrew/bin/brew", "brew")):
        with (Path(__file__).parent / "mac" / content).open("rb") as source:
            assert node.start("sh", "-ec", script, stdin=source).wait() == 0
    offer(node, OLD)
    return node


def offer(node, version):
    node.sh(f"echo {version} > /opt/homebrew/offered; chown -R brewer: /opt/homebrew")


def run(fleet, playbook="site.yml", *arguments, **variables):
    variables = {"ollama_method": "launchd", "ollama_home": "/var/db/ollama", "ollama_health_wait": 20, **variables}
    return fleet.run(playbook, *arguments, **variables)


def definition(node):
    return plistlib.loads(node.sh(f"cat {PLIST}").encode())


def test_a_plan_touches_nothing(fleet, mac):
    planned = run(fleet, "site.yml", "--check", "--diff", ollama_version=OLD).assert_ok()
    assert f"+++ after: launchd {LABEL}" in planned.output, planned.output
    assert not mac.holds(f"test -e {PLIST} -o -e /opt/ollama -o -e /opt/homebrew/Cellar")


def test_it_serves_and_a_second_run_changes_nothing(fleet, mac):
    run(fleet, ollama_version=OLD).assert_ok()
    assert mac.version() == OLD
    assert mac.sh("readlink /opt/ollama/releases/*") == f"/opt/homebrew/Cellar/ollama/{OLD}_1"
    assert mac.sh(f"stat -c %U:%G:%a {PLIST}") == "root:wheel:640"
    assert definition(mac)["UserName"] == "ollama"
    again = run(fleet, ollama_version=OLD).assert_unchanged()
    assert again.hosts["debian13"]["host"] <= 4, again.hosts


def test_what_a_killed_run_left_unpinned_is_pinned_by_the_next(fleet, mac):
    mac.sh("rm /opt/homebrew/pinned /opt/ollama/releases/*")
    run(fleet, ollama_version=OLD).assert_ok()
    assert mac.holds("test -e /opt/homebrew/pinned")
    run(fleet, ollama_version=OLD).assert_unchanged()


def test_settings_reach_the_process(fleet, mac):
    run(fleet, ollama_version=OLD, ollama_settings={"num_parallel": 3}).assert_ok()
    assert definition(mac)["EnvironmentVariables"]["OLLAMA_NUM_PARALLEL"] == "3"
    process = mac.process(f"{LABEL}.service")
    assert mac.holds(f"tr '\\0' '\\n' < /proc/{process}/environ | grep -x OLLAMA_NUM_PARALLEL=3")


def test_a_version_that_homebrew_does_not_have_is_refused_before_anything_stops(fleet, mac):
    process = mac.process(f"{LABEL}.service")
    refused = run(fleet, ollama_version=NEW)
    assert f"Homebrew has no Ollama {NEW}, but {OLD}_1; set ollama_version to that" in " ".join(refused.output.split())
    assert mac.process(f"{LABEL}.service") == process


def test_an_upgrade_keeps_what_was_there_and_a_bad_one_goes_back_to_it(fleet, mac):
    offer(mac, NEW)
    run(fleet, ollama_version=NEW).assert_ok()
    assert mac.version() == NEW
    assert mac.sh("ls /opt/homebrew/Cellar/ollama").split() == [f"{OLD}_1", f"{NEW}_1"]
    offer(mac, BAD)
    failed = run(fleet, ollama_version=BAD)
    assert f"Rolled back: Ollama {NEW} serves again." in " ".join(failed.output.split()), failed.output
    assert mac.version() == NEW
    run(fleet, ollama_version=NEW).assert_unchanged()


def test_a_way_back_that_homebrew_has_removed_is_refused_before_anything_stops(fleet, mac):
    process, keg = mac.process(f"{LABEL}.service"), f"/opt/homebrew/Cellar/ollama/{OLD}_1"
    mac.sh(f"mv {keg} {keg}.gone")
    refused = run(fleet, "rollback.yml", ollama_version=NEW)
    assert f"Homebrew has removed Ollama {OLD}, which served before" in " ".join(refused.output.split()), refused.output
    assert (mac.process(f"{LABEL}.service"), mac.version()) == (process, NEW)
    mac.sh(f"mv {keg}.gone {keg}")
    run(fleet, "rollback.yml", ollama_version=NEW).assert_ok()
    assert mac.version() == OLD


def test_removal_leaves_models_and_homebrew(fleet, mac):
    run(fleet, "remove.yml", ollama_version=NEW).assert_ok()
    assert not mac.holds(f"test -e {PLIST} -o -e /opt/ollama")
    assert not mac.holds(f"launchctl print system/{LABEL}")
    assert mac.holds(f"test -d /var/db/ollama/.ollama/models/blobs -a -d /opt/homebrew/Cellar/ollama/{NEW}_1")
