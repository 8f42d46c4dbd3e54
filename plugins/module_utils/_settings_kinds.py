# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""The kinds of value that a setting can have: each turns a typed value into the text that Ollama reads.

A kind is a function of one value. It raises ValueError with the rule and an example, worded to follow the value.
"""

from __future__ import annotations

import re

GO_DURATION = re.compile(r"(?P<sign>-?)(?P<parts>(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+)", re.ASCII)
GO_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", re.ASCII)
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
LONGEST_DURATION = 9_000_000_000  # seconds; Go counts nanoseconds in 63 bits
SIZE = re.compile(r"(\d{1,6})\s*([KMGT])i?B?", re.ASCII | re.IGNORECASE)
MORE_THAN_ANY_GPU = 2**50
DEVICE_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
GPU_UUID = re.compile(r"(GPU|MIG)-[0-9A-Za-z/-]+", re.ASCII)
ORIGIN = re.compile(
    r"(https?|app|file|tauri|vscode-webview|(chrome|moz|safari-web)-extension)://(?P<host>[^\s,/]+)", re.ASCII
)
AN_ORIGIN = "['https://chat.example.com']"
HOST = re.compile(r"[A-Za-z0-9_.*-]+(:\d{1,5})?|[0-9a-fA-F:.]+(/\d{1,3})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?", re.ASCII)


def boolean(value):
    if not isinstance(value, bool):
        raise ValueError("is not a boolean, and Ollama reads words such as no and off as true; write true or false")
    return "1" if value else "0"


def on_off(value):
    boolean(value)
    return "on" if value else "off"


def log_level(value):
    if isinstance(value, int) and value in (-1, 0, 1, 2):
        return str(int(value))
    raise ValueError("is not a log level; write true (debug), false, 2 (trace) or -1 (warnings only)")


def whole(least, most, example, note=""):
    """A whole number from ``least`` to ``most``; ``note`` tells why not less."""

    def kind(value):
        if not _is_whole(value) or not least <= value <= most:
            raise ValueError(f"is not a whole number from {least} to {most}{note}; for example {example}")
        return str(value)

    return kind


def size_in_bytes(value):
    if _is_whole(value) and 0 <= value <= MORE_THAN_ANY_GPU:
        return str(value)
    size = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    example = int(size[1]) * 1024 ** ("KMGT".index(size[2].upper()) + 1) if size else 2147483648
    raise ValueError(f"is not a whole number of bytes; write {example}")


def sizes_in_mib(value):
    """One margin for all devices, or a list with one for each."""
    sizes = value if isinstance(value, (list, tuple)) else [value]
    if not sizes or not all(_is_whole(size) and 0 <= size <= MORE_THAN_ANY_GPU >> 20 for size in sizes):
        raise ValueError("is not a whole number of MiB, nor a list of them; for example 1024")
    return ",".join(str(size) for size in sizes)


def duration(endless, zero=""):
    """A length of time. ``endless`` is the word for no end; ``zero`` says why 0 is refused, nothing when it is not."""
    rule = f"is not a duration; write one such as 10m or 1h30m, a number of seconds, or {endless}"

    def kind(value):
        if value == endless:
            return "-1"
        seconds = _seconds(value)
        if seconds is None or abs(seconds) > LONGEST_DURATION:
            raise ValueError(rule)
        if zero and seconds <= 0:
            raise ValueError(zero)
        if seconds < 0:
            return "-1"
        return str(value)

    return kind


def _seconds(value):
    """The length in seconds, None when ``value`` is neither a number of seconds nor a Go duration."""
    if _is_whole(value):
        return value
    found = GO_DURATION.fullmatch(value) if isinstance(value, str) and len(value) <= 40 else None
    if not found:
        return None
    length = sum(float(number) * SECONDS[unit] for number, unit in GO_DURATION_PART.findall(found["parts"]))
    if found["sign"]:
        return -length if length else None
    return length


def choice(*options):
    def kind(value):
        if value not in options:
            raise ValueError(f"is not one of {', '.join(options)}")
        return str(value)

    return kind


def matching(form, rule):
    """A text of the regular expression ``form``."""
    form = re.compile(form, re.ASCII)

    def kind(value):
        if not isinstance(value, str) or not form.fullmatch(value):
            raise ValueError(rule)
        return str(value)

    return kind


def devices(uuids):
    """A list of device numbers, or of UUIDs where the vendor's runtime knows them; -1 alone hides all."""
    example = "[0, 1]" + (" or ['GPU-8f2a...']" if uuids else "") + ", or -1 for none"

    def kind(value):
        wanted = [str(item) if _is_whole(item) and -1 <= item < 1000 else item for item in _items(value)]
        if wanted == ["-1"]:
            return "-1"
        texts = [item for item in wanted if isinstance(item, str)]
        numbers = [item for item in texts if DEVICE_NUMBER.fullmatch(item)]
        names = [item for item in texts if uuids and GPU_UUID.fullmatch(item)]
        if not wanted or len(numbers) + len(names) != len(wanted):
            raise ValueError(f"is not a list of devices; for example {example}")
        if len(set(texts)) != len(texts):
            raise ValueError(f"names a device twice; for example {example}")
        if numbers and names:
            raise ValueError(f"mixes numbers and UUIDs; use one style, for example {example}")
        return ",".join(texts)

    return kind


def origins(value):
    wanted = _items(value)
    for origin in wanted or [""]:
        found = ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
        if origin == "*" or found and found["host"].strip("*:0123456789") == "":
            raise ValueError("would let every web page use this server; list the origins, for example " + AN_ORIGIN)
        if not found or origin.count("*") > 1:
            raise ValueError("has an origin that is not scheme://host, "
                             "and Ollama would not start; for example " + AN_ORIGIN)
    return ",".join(wanted)


def hosts(value):
    wanted = _items(value)
    if not wanted or not all(isinstance(host, str) and HOST.fullmatch(host) for host in wanted):
        raise ValueError("is not a list of host names; for example ['ollama.example.com']")
    return ",".join(wanted)


def _items(value):
    """A list as it is, a text split at its commas, a number as a list of one."""
    if isinstance(value, (list, tuple)):
        return value
    return value.split(",") if isinstance(value, str) else [value] if _is_whole(value) else []


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)
