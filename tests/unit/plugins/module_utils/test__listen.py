# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils import _listen

GOOD_HOSTS = ["127.0.0.1", "0.0.0.0", "::", "::1", "fd00::5", "localhost", "gpu1.example.com", "gpu-1"]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_an_address_or_a_name_is_listened_on(host):
    assert _listen.host_problem(host) is None


NO_ADDRESS = "is not an address; write an IP address, for example 127.0.0.1"
IN_IT = "has a port in it; write the address alone and set ollama_port"

# The ids are the rows of the table of bad inputs that these messages answer.
BAD_HOSTS = [
    ("24", "localhost:99999",
     f"'localhost:99999' {IN_IT} (99999 is out of range, and Ollama would silently use its default)"),
    ("24", "127.0.0.1:11434", f"'127.0.0.1:11434' {IN_IT}"),
    ("24", "[::1]:11434", f"'[::1]:11434' {IN_IT}"),
    ("24", ":8080", f"':8080' {IN_IT}"),
    ("25", "http://x/path",
     "'http://x/path' has a scheme or a path, which a server does not listen on; write the address alone"),
    ("form", "", f"'' {NO_ADDRESS}"),
    ("form", "*", f"'*' {NO_ADDRESS}"),
    ("form", "8080", f"'8080' {NO_ADDRESS}"),
    ("form", "127.0.0.1\n", f"'127.0.0.1\\x0a' {NO_ADDRESS}"),
    ("form", "300.1.1.1", f"'300.1.1.1' {NO_ADDRESS}"),
    ("form", "fe80::1%eth0", f"'fe80::1%eth0' {NO_ADDRESS}"),
    ("type", 5, f"5 {NO_ADDRESS}"),
    ("type", None, f"nothing {NO_ADDRESS}"),
]


@pytest.mark.parametrize("host, message", [pytest.param(*row[1:], id=row[0]) for row in BAD_HOSTS])
def test_a_bad_address_is_told_in_these_words(host, message):
    assert _listen.host_problem(host) == message


NOT_WHOLE = "is not a whole number; write it without quotes, for example 11434"
NOT_A_PORT = "is out of range, and Ollama would silently use its default; write 1 to 65535"
BAD_PORTS = [
    ("24", 99999, f"99999 {NOT_A_PORT}"),
    ("24", 0, f"0 {NOT_A_PORT}"),
    ("24", "65536", f"'65536' {NOT_A_PORT}"),
    ("26", "11434 ", f"'11434 ' {NOT_WHOLE}"),
    ("26", 11434.0, f"11434.0 {NOT_WHOLE}"),
    ("26", True, f"true {NOT_WHOLE}"),
    ("26", None, f"nothing {NOT_WHOLE}"),
    ("26", "१", f"'१' {NOT_WHOLE}"),
]


@pytest.mark.parametrize("port, message", [pytest.param(*row[1:], id=row[0]) for row in BAD_PORTS])
def test_a_bad_port_is_told_in_these_words(port, message):
    assert _listen.port_problem(port) == message


@pytest.mark.parametrize("port", [1, 11434, 65535, "11434"])
def test_a_port_may_come_from_the_command_line_as_digits(port):
    assert _listen.port_problem(port) is None
    assert _listen.port_number(port) == int(port)


REACH = [
    ("127.0.0.1", True),
    ("127.9.9.9", True),
    ("::1", True),
    ("LocalHost", True),
    ("0.0.0.0", False),
    ("::", False),
    ("10.0.0.1", False),
    ("localhost.example.com", False),
]


@pytest.mark.parametrize("host, loopback", REACH)
def test_only_loopback_is_out_of_reach_for_others(host, loopback):
    assert _listen.is_loopback(host) is loopback


WRITTEN = [
    ("127.0.0.1", "127.0.0.1:11434", "http://127.0.0.1:11434"),
    ("0.0.0.0", "0.0.0.0:11434", "http://127.0.0.1:11434"),
    ("::", "[::]:11434", "http://[::1]:11434"),
    ("fd00::5", "[fd00::5]:11434", "http://[fd00::5]:11434"),
    ("gpu1", "gpu1:11434", "http://gpu1:11434"),
]


@pytest.mark.parametrize("host, address, url", WRITTEN)
def test_where_it_listens_and_where_its_own_host_reaches_it(host, address, url):
    assert _listen.address(host, 11434) == address
    assert _listen.url(host, 11434) == url
