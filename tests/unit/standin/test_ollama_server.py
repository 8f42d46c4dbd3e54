# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in server as a process: start, end, pruning, faults."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time

import pytest
from ansible_collections.barellama.fleet.tests.contract.host import Host, until
from ansible_collections.barellama.fleet.tests.standin.sites import free_port

OLD, YOUNG = 2 * 3600, 60
BLOB = "sha256-" + "ab" * 32


@pytest.fixture
def host(tmp_path):
    """A server that is not started yet; its faults may be written before and after."""
    made = Host(tmp_path, "127.0.0.1", free_port(), {})
    made.write_faults({})
    yield made
    made.stop()


def connects(host):
    """Whether the server accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", host.port), 10).close()
    except ConnectionRefusedError:
        return False
    return True


def ask(host, path="/api/version", timeout=60, **headers):
    """Return (status, body) of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_bad_origin_ends_the_start(host):
    host.environment["OLLAMA_ORIGINS"] = "example.com"
    host.launch()
    assert host.wait() == 2
    assert "panic: bad origin" in host.log.read_text()


def test_connections_are_accepted_before_answers_come(host):
    host.write_faults({"start_delay": 60})
    host.launch()
    until(lambda: connects(host), "a connection")
    with pytest.raises(TimeoutError):
        ask(host, timeout=0.3)


def test_it_ends_at_once_with_status_0(host):
    host.start()
    assert host.stop() == 0


@pytest.mark.parametrize(("noprune", "left"), [("", ["young"]), ("0", ["young"]), ("1", ["old", "young"]),
                                               ("no", ["old", "young"])])
def test_the_start_prunes_what_is_unused_and_older_than_an_hour(host, noprune, left):
    host.environment["OLLAMA_NOPRUNE"] = noprune
    blobs = host.store / "blobs"
    blobs.mkdir(parents=True)
    for name, age in (("old", OLD), ("young", YOUNG)):
        path = blobs / f"{BLOB}-partial-{name}"
        path.write_text("")
        os.utime(path, (time.time() - age,) * 2)
    host.start()
    assert sorted(path.name.rpartition("-")[2] for path in blobs.iterdir()) == left


def test_a_status_for_some_requests(host):
    host.start()
    host.write_faults({"requests": [{"path": "/api/tags", "after": 1, "times": 1, "status": 503, "error": "full"}]})
    assert [ask(host, "/api/tags")[0] for _number in range(3)] == [200, 503, 200]
    assert ask(host)[0] == 200


def test_a_fault_for_one_request(host):
    host.start()
    assert ask(host, X_Standin_Fault="status=429")[0] == 429
    with pytest.raises(http.client.IncompleteRead):
        ask(host, X_Standin_Fault="cut=1,at=5")
    started = time.monotonic()
    assert ask(host, X_Standin_Fault="stall=0.5") == (200, json.dumps({"version": "0.32.15"}, separators=(",", ":")))
    assert time.monotonic() - started >= 0.5
    assert ask(host, X_Standin_Fault="garble=1,at=2")[1][:2] == '{"'
    assert "version" not in ask(host, X_Standin_Fault="garble=1,at=2")[1]


def test_gpus_are_found_and_lost(host):
    host.write_faults({"gpus": [{"name": "NVIDIA L4", "total_gib": 24}]})
    host.start()
    assert 'library=CUDA compute=8.9 name=CUDA0 description="NVIDIA L4"' in host.log.read_text()
    assert "default_num_ctx=32768" in host.log.read_text()
    host.stop()
    host.write_faults({"gpus": [{}], "cpu_only": True})
    host.start()
    assert "id=cpu library=cpu" in host.log.read_text()
    assert "too old" not in host.log.read_text()
    host.stop()
    host.write_faults({"gpus": [{"name": "Tesla P40"}], "driver_too_old": {"driver": "535", "required_driver": "570 or newer"}})
    host.start()
    assert 'msg="NVIDIA driver too old" device="Tesla P40" driver=535 required_driver="570 or newer"' in host.log.read_text()
    assert host.log.read_text().count("library=CUDA") == 1, "one line of the first start, and none of this one"
