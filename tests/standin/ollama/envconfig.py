# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's environment, parsed as upstream parses it: wrong values fall back or surprise; none is refused."""

from __future__ import annotations

import ipaddress
import os
from collections import namedtuple

from . import durations, log
from .errors import GoError

Host = namedtuple("Host", "scheme name port path")
SCHEME_PORTS = {"http": "80", "https": "443"}
FALSE_WORDS = ("0", "f", "F", "false", "False", "FALSE", "")
TRUE_WORDS = ("1", "t", "T", "true", "True", "TRUE")
LOCAL_ORIGINS = [
    scheme + "://" + host + port
    for host in ("localhost", "127.0.0.1", "0.0.0.0") for port in ("", ":*") for scheme in ("http", "https")
] + ["app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*"]
ORIGIN_SCHEMES = ("http://", "https://", "chrome-extension://", "safari-extension://", "moz-extension://",
                  "ms-browser-extension://", "app://", "file://", "tauri://", "vscode-webview://", "vscode-file://")
UNREGISTERED = ("CUDA_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "HIP_VISIBLE_DEVICES",
                "HSA_OVERRIDE_GFX_VERSION", "HTTPS_PROXY", "HTTP_PROXY", "LLAMA_ARG_FIT", "LLAMA_ARG_FIT_TARGET",
                "NO_PROXY", "OLLAMA_EDITOR", "OLLAMA_IGPU_ENABLE", "OLLAMA_KV_CACHE_TYPE", "OLLAMA_LLM_LIBRARY",
                "ROCR_VISIBLE_DEVICES", "http_proxy", "https_proxy", "no_proxy")
BOOLEANS = {"OLLAMA_DEBUG_LOG_REQUESTS": False, "OLLAMA_FLASH_ATTENTION": False, "OLLAMA_GO_TEMPLATE": True,
            "OLLAMA_NOHISTORY": False, "OLLAMA_NOPRUNE": False, "OLLAMA_NO_CLOUD": False,
            "OLLAMA_SCHED_SPREAD": False, "OLLAMA_VULKAN": True}
NUMBERS = {"OLLAMA_CONTEXT_LENGTH": 0, "OLLAMA_GPU_OVERHEAD": 0, "OLLAMA_MAX_LOADED_MODELS": 0,
           "OLLAMA_MAX_QUEUE": 512, "OLLAMA_MAX_TRANSFER_STREAMS": 4, "OLLAMA_NUM_PARALLEL": 1}
DURATIONS = {"OLLAMA_KEEP_ALIVE": 300.0, "OLLAMA_LOAD_TIMEOUT": 300.0}


def text(name):
    """Return a variable without surrounding spaces and quotes; "" when it is not set."""
    return os.environ.get(name, "").strip().strip("\"'").strip()


def boolean(name):
    """Return a switch; a set value that is no boolean means true."""
    value = text(name)
    if not value:
        return BOOLEANS[name]
    return value not in FALSE_WORDS


def number(name):
    """Return an unsigned number; anything else is warned of and replaced by the default."""
    value, default = text(name), NUMBERS[name]
    if not value:
        return default
    if value.isdigit():
        return int(value)
    log.warn("config.go:301", "invalid environment variable, using default", key=name, value=value, default=default)
    return default


def duration(name):
    """Return seconds from a duration or a bare number of seconds; a negative value means for ever."""
    value = text(name)
    seconds = DURATIONS[name]
    try:
        seconds = durations.parse(value) if value else seconds
    except GoError:
        try:
            seconds = float(int(value))
        except ValueError:
            pass
    return durations.FOREVER if seconds < 0 else seconds


def host():
    """Return where to listen, and where the command finds the server."""
    value = text("OLLAMA_HOST")
    scheme, found, rest = value.partition("://")
    if not found:
        scheme, rest = "http", value
    default_port = SCHEME_PORTS.get(scheme, "11434") if found else "11434"
    address, _, path = rest.partition("/")
    name, port = _split(address, default_port)
    if not port.isdigit() or int(port) > 65535:
        log.warn("config.go:48", "invalid port, using default", port=port, default=default_port)
        port = default_port
    return Host(scheme, name, int(port), path)


def _split(address, default_port):
    """Return (name, port) of ``name:port``, ``:port``, ``[v6]:port`` or a bare name."""
    if address.startswith("[") and "]:" in address:
        name, _, port = address[1:].partition("]:")
        return name, port
    if address.count(":") == 1:
        name, _, port = address.partition(":")
        return name, port
    bare = address.strip("[]")
    return (bare or "127.0.0.1"), default_port


def address(where):
    """Return ``host:port`` of a Host, an IPv6 address in brackets."""
    name = f"[{where.name}]" if ":" in where.name else where.name
    return "%s:%d" % (name, where.port)


def is_loopback(name):
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def models_directory():
    return text("OLLAMA_MODELS") or os.path.join(home(), ".ollama", "models")


def home():
    if not os.environ.get("HOME"):
        raise GoError("$HOME is not defined")
    return os.environ["HOME"]


def origins():
    """Return the allowed origins: the operator's, taken apart at commas and nothing else, then the local ones."""
    own = text("OLLAMA_ORIGINS")
    return (own.split(",") if own else []) + LOCAL_ORIGINS


def bad_origin():
    """Return the first origin that makes the server panic, or None."""
    for origin in origins():
        if "*" not in origin and not origin.startswith(ORIGIN_SCHEMES):
            return origin
    return None


def log_level():
    """Return the level that OLLAMA_DEBUG asks for; words count as 0, so they mean INFO."""
    value = text("OLLAMA_DEBUG")
    if value in TRUE_WORDS:
        return "DEBUG"
    try:
        level = int(value or 0)
    except ValueError:
        return "INFO"
    return {0: "INFO", 1: "DEBUG", -1: "WARN"}.get(level, "TRACE" if level > 0 else "ERROR")


def cloud_disabled():
    return boolean("OLLAMA_NO_CLOUD")


def config_map():
    """Return the effective settings as the server prints them at its start."""
    values = {name: text(name) for name in UNREGISTERED}
    values.update((name, str(boolean(name)).lower()) for name in BOOLEANS)
    values.update((name, str(number(name))) for name in NUMBERS)
    values.update((name, durations.show(duration(name))) for name in DURATIONS)
    where = host()
    values["OLLAMA_DEBUG"] = log_level()
    values["OLLAMA_HOST"] = f"{where.scheme}://{address(where)}" + ("/" + where.path if where.path else "")
    values["OLLAMA_MODELS"] = models_directory()
    values["OLLAMA_ORIGINS"] = f"[{' '.join(origins())}]"
    remotes = (text("OLLAMA_REMOTES") or "ollama.com").split(",")
    values["OLLAMA_REMOTES"] = f"[{' '.join(remotes)}]"
    shown = " ".join(f"{name}:{value}" for name, value in sorted(values.items()))
    return f"map[{shown}]"
