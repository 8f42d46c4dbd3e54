# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _runtime_packages as packages

STATUS = """Package: docker.io
Status: install ok installed
Version: 26.1.5+dfsg1-9+b8

Package: podman
Status: deinstall ok config-files
Version: 5.4.2+ds1-2

Package: nvidia-container-toolkit
Status: hold ok installed
Version: 1.20.0-1

Package: libnvidia-container1
Status: install ok unpacked
Version: 1.20.0-1

Package: uidmap
Version: 1:4.17.4-2
Status: install ok installed

Package: other
Status: install ok installed
Version: 1
"""


@pytest.mark.parametrize(("text", "system"), [
    ('ID=debian\nVERSION_ID="13"\n', ("debian", [13])), ("NAME=x\nID=ubuntu\nVERSION_ID='24.04'\n", ("ubuntu", [24, 4])),
    ('ID="rocky"\nVERSION_ID="9.6"', ("el", [9, 6])), ("ID=rhel\nVERSION_ID=10.1\n", ("el", [10, 1])), ("ID=fedora\nVERSION_ID=44\n", ("fedora", [44])),
    ("ID=debian\n", ("debian", [])), ("", ("", [])), ("ID=arch\n", ("arch", [])),
])
def test_the_distribution(text, system):
    assert packages.parse_os_release(text) == system


@pytest.mark.parametrize(("text", "name"), [
    ("ID=x\nVERSION_CODENAME=trixie\n", "trixie"), ('VERSION_CODENAME="noble"', "noble"), ("", ""), ("VERSION_CODENAME=\n", ""),
])
def test_what_apt_calls_the_release(text, name):
    assert packages.codename(text) == name


def test_versions_of_what_is_installed():
    assert packages.parse_dpkg(STATUS, packages.KNOWN) == {"docker.io": "26.1.5+dfsg1", "nvidia-container-toolkit": "1.20.0", "uidmap": "4.17.4"}
    assert packages.parse_dpkg("", packages.KNOWN) == {}
    assert packages.parse_rpm("podman 5.4.0\npackage docker-ce is not installed\nother 1\n", packages.KNOWN) == {"podman": "5.4.0"}


@pytest.mark.parametrize(("version", "upstream"), [("1.20.0-1", "1.20.0"), ("1:4.17.4-2", "4.17.4"), ("5", "5"), ("1.2-3-4", "1.2-3"), ("", "")])
def test_a_version_without_what_debian_adds(version, upstream):
    assert packages.upstream(version) == upstream


@pytest.mark.parametrize(("engine", "source", "system", "installed", "first", "where"), [
    ("docker", "distro", ("debian", [13]), {}, "docker.io", "distro"),
    ("docker", "distro", ("debian", [12]), {}, None, "distro"),
    ("docker", "vendor", ("debian", [12]), {}, "docker-ce", "vendor"),
    ("docker", "vendor", ("debian", [13]), {"docker.io": "26"}, "docker.io", "distro"),
    ("docker", "distro", ("debian", [13]), {"docker-ce": "28"}, "docker-ce", "vendor"),
    ("docker", "distro", ("ubuntu", [24, 4]), {}, "docker.io", "distro"),
    ("docker", "distro", ("el", [9, 6]), {}, None, "distro"),
    ("docker", "distro", ("fedora", [44]), {}, "moby-engine", "distro"),
    ("podman", "distro", ("debian", [13]), {}, "podman", "distro"),
    ("podman", "vendor", ("debian", [12]), {}, "podman", "distro"),
    ("podman", "distro", ("ubuntu", [22, 4]), {}, "podman", "distro"),
    ("podman", "distro", ("ubuntu", [20, 4]), {}, None, "distro"),
    ("podman", "distro", ("el", [10, 1]), {}, "podman", "distro"),
    ("podman", "distro", ("arch", []), {}, None, "distro"),
])
def test_where_an_engine_comes_from(engine, source, system, installed, first, where):
    names, its = packages.wanted(engine, source, system, installed)
    assert (names and names[0], its) == (first, where)


@pytest.mark.parametrize(("told", "new"), [
    ("2.26.1", True), ("5.0.0", True), ("10.1", True), ("1.29.2", False), ("the program docker-compose 2.1.0", False), ("absent", False), (None, False)])
def test_compose_2_is_a_plugin_from_its_second_version_on(told, new):
    assert packages.is_compose_2(told) is new


def test_what_is_newer_is_asked_for_first():
    assert "passt" in packages.wanted("podman", "distro", ("debian", [13]), {})[0]
    assert "passt" not in packages.wanted("podman", "distro", ("debian", [12]), {})[0]
