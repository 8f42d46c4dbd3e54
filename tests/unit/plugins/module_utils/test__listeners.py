# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
from contextlib import ExitStack

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _listeners

# Recorded on Linux 6.18, without the blanks at the ends of lines, with these listeners and one client of the first:
# 127.0.0.1:11434, 0.0.0.0:11435, [::1]:11434, [::]:11436, [::ffff:127.0.0.1]:11437
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   5: 0100007F:2CAA 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 908508 2 0000000075e066fb 100 0 0 10 0
  10: 00000000:2CAB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 908509 1 000000008c743508 100 0 0 10 0
  14: 0100007F:A82A 0100007F:ABF3 06 00000000:00000000 03:0000174F 00000000     0        0 0 3 0000000019c3cd15
  19: 0100007F:CE40 0100007F:2CAA 01 00000000:00000000 00:00000000 00000000     0        0 908514 2 00000000d7a35dcf 20 0 0 10 -1
 514: 0100007F:2CAA 0100007F:CE40 01 00000000:00000000 00:00000000 00000000     0        0 0 1 00000000c3e2df98 20 0 0 10 -1
"""
NONE = "00000000000000000000000000000000:0000"
TCP6 = f"""\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:2CAA {NONE} 0A 00000000:00000000 00:00000000 00000000     0        0 908510 1 000000001ede8b24 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:2CAD {NONE} 0A 00000000:00000000 00:00000000 00000000     0        0 908512 1 00000000b938db29 100 0 0 10 0
   2: 00000000000000000000000000000000:2CAC {NONE} 0A 00000000:00000000 00:00000000 00000000     0        0 908511 1 0000000030ae7651 100 0 0 10 0
"""

OF_OLLAMA = "0::/system.slice/ollama.service\n"
OF_NGINX = "0::/system.slice/nginx.service\n"


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/tcp").write_text(TCP)
    (tmp_path / "proc/net/tcp6").write_text(TCP6)
    return tmp_path / "proc"


@pytest.fixture
def start(proc):
    """Add a process that has sockets open among other files."""

    def add(pid, comm, cgroup, *inodes):
        (proc / f"{pid}/fd").mkdir(parents=True)
        (proc / f"{pid}/comm").write_text(comm + "\n")
        (proc / f"{pid}/cgroup").write_text(cgroup)
        for number, target in enumerate(["/dev/null", "pipe:[908508]", *(f"socket:[{inode}]" for inode in inodes)]):
            (proc / f"{pid}/fd/{number}").symlink_to(target)

    return add


@pytest.fixture
def listed(monkeypatch):
    """The directories that were looked into."""
    seen, real = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: seen.append(path) or real(path))
    return seen


def port(address="127.0.0.1", number=11434):
    return {"kind": "port", "address": address, "port": number, "unit": "ollama.service"}


def observe(proc, item, *main_pid):
    return _listeners.Listeners(str(proc.parent)).observe(item, *main_pid)


def test_parse_listeners():
    found = [*_listeners.parse_listeners(TCP), *_listeners.parse_listeners(TCP6)]
    assert [(str(listener.address), listener.port, listener.inode) for listener in found] == [
        ("127.0.0.1", 11434, "908508"),
        ("0.0.0.0", 11435, "908509"),
        ("::1", 11434, "908510"),
        ("127.0.0.1", 11437, "908512"),
        ("::", 11436, "908511"),
    ]


@pytest.mark.parametrize(
    ("address", "number", "state"),
    [
        ("127.0.0.1", 11434, "held"),
        ("127.0.0.2", 11434, "free"),
        ("::1", 11434, "held"),
        ("::2", 11434, "free"),
        ("0.0.0.0", 11434, "held"),
        ("::", 11434, "held"),
        ("127.0.0.1", 11435, "held"),
        ("::1", 11435, "free"),
        ("::", 11435, "held"),
        ("127.0.0.1", 11436, "held"),
        ("::1", 11436, "held"),
        ("127.0.0.1", 11437, "held"),
        ("::ffff:127.0.0.1", 11437, "held"),
        ("::1", 11437, "free"),
        ("127.0.0.1", 11438, "free"),
        ("127.0.0.1", 0xCE40, "free"),
        ("127.0.0.1", 0xA82A, "free"),
    ],
)
def test_state(proc, address, number, state):
    assert observe(proc, port(address, number))["state"] == state


def listen(address, number=0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, number), family=family, dualstack_ipv6=family == socket.AF_INET6)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("taken", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("wanted", ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])
def test_a_port_is_held_where_the_kernel_refuses_it(taken, wanted):
    with ExitStack() as opened:
        number = opened.enter_context(listen(taken)).getsockname()[1]
        found = _listeners.Listeners().observe(port(wanted, number))
        try:
            # Programs written in Go listen on :: when told 0.0.0.0.
            opened.enter_context(listen("::" if wanted == "0.0.0.0" else wanted, number))
        except OSError:
            assert (found["state"], found["pid"]) == ("held", os.getpid())
        else:
            assert found == {"state": "free"}


def test_without_ipv6(proc):
    (proc / "net/tcp6").unlink()
    assert observe(proc, port("::1"))["state"] == "free"
    assert observe(proc, port())["state"] == "held"


def test_holders(proc, start):
    start(1, "systemd", "0::/init.scope\n", "908510")
    start(67, "ollama", OF_OLLAMA, "908511", "77")
    start(812, "nginx", OF_NGINX, "908508", "908509")
    start(1000, "nginx", OF_NGINX, "908508", "908509")
    held = {
        ("127.0.0.1", 11434): {"state": "held", "holder": "nginx", "pid": 812},
        ("::1", 11434): {"state": "held", "holder": "systemd", "pid": 1},
        ("::1", 11436): {"state": "held", "holder": "ollama.service", "pid": 67},
        ("127.0.0.1", 11437): {"state": "held", "holder": "another process", "pid": None},
    }
    listeners = _listeners.Listeners(str(proc.parent))
    assert {where: listeners.observe(port(*where)) for where in held} == held
    assert [listeners.observe(port(*where), "67") for where in held] == list(held.values())


def test_one_stranger_beside_the_unit_is_enough(proc, start):
    start(67, "ollama", OF_OLLAMA, "908508")
    start(812, "nginx", OF_NGINX, "908510")
    assert observe(proc, port("::"), "67") == {"state": "held", "holder": "nginx", "pid": 812}


def test_any_process_of_the_unit_may_share_the_socket(proc, start):
    start(1, "systemd", "0::/init.scope\n", "908508")
    start(67, "ollama", OF_OLLAMA)
    start(68, "runner", OF_OLLAMA, "908508")
    assert observe(proc, port(), "67") == {"state": "held", "holder": "ollama.service", "pid": 68}


def test_a_process_that_is_gone_or_may_not_be_looked_into(proc, start, monkeypatch):
    start(812, "nginx", OF_NGINX, "908508")
    (proc / "812/comm").unlink()
    assert observe(proc, port()) == {"state": "held", "holder": "another process", "pid": 812}
    real = os.listdir

    def refuse(path):
        if path.endswith("/fd"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert observe(proc, port(), "812") == {"state": "held", "holder": "another process", "pid": None}


def test_no_process_is_looked_into_for_a_free_port(proc, start, listed):
    start(67, "ollama", OF_OLLAMA, "908508")
    assert observe(proc, port(number=11438), "67") == {"state": "free"}
    assert listed == []


def test_only_the_main_process_is_looked_into_when_it_listens(proc, start, listed):
    start(67, "ollama", OF_OLLAMA, "908508")
    start(812, "nginx", OF_NGINX, "908509")
    assert observe(proc, port(), "67") == {"state": "held", "holder": "ollama.service", "pid": 67}
    assert listed == [f"{proc}/67/fd"]


def test_all_processes_are_looked_into_once(proc, start, listed):
    start(812, "nginx", OF_NGINX, "908508", "908509")
    listeners = _listeners.Listeners(str(proc.parent))
    assert [listeners.observe(port(number=number))["pid"] for number in (11434, 11435)] == [812, 812]
    assert listed.count(str(proc)) == 1


# Of systemd 252: alone; under Docker beside version 1; of a user's own systemd; with groups below the unit's.
DOCKER = """\
9:name=systemd:/docker/a6e88b1b1807
8:pids:/docker/a6e88b1b1807
0::/docker/a6e88b1b1807/system.slice/ollama.service
"""


@pytest.mark.parametrize(
    ("cgroup", "is_it"),
    [
        (OF_OLLAMA, True),
        (DOCKER, True),
        ("0::/system.slice/ollama.service/runner\n", True),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/ollama.service\n", False),
        ("0::/system.slice/ollama.service.d\n", False),
        ("0::/system.slice/ollama-b.service\n", False),
        ("0::/init.scope\n", False),
        ("", False),
    ],
)
def test_is_of_unit(cgroup, is_it):
    assert _listeners.is_of_unit(cgroup, "ollama.service") is is_it


# Podman 5.4 without root, in the cgroup of a node: pasta holds the port. The rest is in the other user's hands.
@pytest.mark.parametrize(
    ("cgroup", "is_it"),
    [
        ("0::/docker/a9/user.slice/user-11434.slice/user@11434.service/app.slice/ollama.service\n", True),
        ("0::/user.slice/user-11434.slice/user@11434.service/app.slice/ollama.service/runtime\n", True),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/ollama.service\n", False),
        ("0::/user.slice/user-11434.slice/user@11434.service/app.slice/ollama-b.service\n", False),
        ("0::/system.slice/ollama.service\n", False),
        ("", False),
    ],
)
def test_is_of_a_unit_of_a_user(cgroup, is_it):
    assert _listeners.is_of_unit(cgroup, "ollama.service", uid=11434) is is_it
