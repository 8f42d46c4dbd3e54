# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Where a server listens: which addresses and ports are usable, who can reach them, how they are written."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

HIGHEST_PORT = 65535
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}$)(?=.*[A-Za-z])({LABEL}\.)*{LABEL}", re.ASCII)
WITH_PORT = re.compile(r"[^:]*:(?P<port>[^:]*)|\[.*\]:(?P<port6>.*)")
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server that listens everywhere is reached on its own host


def host_problem(host, port_variable="ollama_port"):
    """Why ``host`` is no address to listen on, as the end of a line; None when it is one."""
    if not isinstance(host, str):
        return f"{shown(host)} is not an address; write an IP address, for example 127.0.0.1"
    if "/" in host:
        return f"{shown(host)} has a scheme or a path, which a server does not listen on; write the address alone"
    if _ip(host) or HOST_NAME.fullmatch(host):
        return None
    with_port = WITH_PORT.fullmatch(host)
    if with_port:
        port = with_port["port"] or with_port["port6"] or ""
        return f"{shown(host)} has a port in it; write the address alone and set {port_variable}{_port_note(port)}"
    return f"{shown(host)} is not an address; write an IP address, for example 127.0.0.1"


def port_problem(port):
    """Why ``port`` is no port, as the end of a line; None when it is one. Digits in quotes are one."""
    number = port_number(port)
    if number is None:
        return f"{shown(port)} is not a whole number; write it without quotes, for example 11434"
    if not 1 <= number <= HIGHEST_PORT:
        return f"{shown(port)} is out of range, and Ollama would silently use its default; write 1 to {HIGHEST_PORT}"
    return None


def port_number(port):
    """The port as an int, also from digits (as the command line gives them); None when it is no whole number."""
    if isinstance(port, str) and re.fullmatch(r"[0-9]{1,9}", port):
        return int(port)
    return port if isinstance(port, int) and not isinstance(port, bool) else None


def is_loopback(host):
    """Whether only processes of the same host reach it. A name is not looked up: only localhost counts."""
    ip = _ip(host)
    return ip.is_loopback if ip else host.lower() == "localhost"


def address(host, port):
    """As OLLAMA_HOST wants it, for example 127.0.0.1:11434 or [::1]:11434."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def url(host, port):
    """Where the server is reached from its own host."""
    return "http://" + address(HERE.get(host, host), port)


def _ip(host):
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _port_note(port):
    if re.fullmatch(r"[0-9]+", port) and (len(port) > 5 or int(port) > HIGHEST_PORT):
        return f" ({port[:20]} is out of range, and Ollama would silently use its default)"
    return ""
