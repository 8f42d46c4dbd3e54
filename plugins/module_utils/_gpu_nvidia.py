# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What nvidia-smi says, in the forms of all drivers since 450. No I/O."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_cards import bus_id

MIB = 1 << 20
# One field that a driver does not know makes nvidia-smi refuse all: those of new drivers are asked for first, then fewer.
# The driver's version is none of them, since its name changed with 595.
OLDEST = ("index", "uuid", "name", "memory.total", "memory.free", "pci.bus_id")
OLD = (*OLDEST, "compute_cap", "persistence_mode", "mig.mode.current", "mig.mode.pending")
FIELDS = ((*OLD, "gpu_recovery_action", "fabric.state"), OLD, OLDEST)
UNKNOWN_FIELD = 2
MISMATCH = "Driver/library version mismatch"
UUID = re.compile(r"(GPU|MIG)-[0-9a-fA-F/-]+", re.ASCII)
COMPUTING = ("nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader")
CAPABILITY = re.compile(r"\d{1,2}\.\d", re.ASCII)


def query(fields):
    """The command that asks for ``fields`` of every GPU."""
    return ("nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits")


def parse_query(output, fields):
    """Bus id -> what is known of that GPU, None for what it does not tell; lines of another shape are passed over."""
    return dict(filter(None, (_row(line.split(", "), fields) for line in output.splitlines())))


def _row(values, fields):
    told = dict(zip(fields, (field(value.strip()) for value in values)))
    where = bus_id(told.get("pci.bus_id") or "")
    if len(values) != len(fields) or not where:
        return None
    mig = {"enabled": switch(told.get("mig.mode.current")), "pending": switch(told.get("mig.mode.pending"))}
    return where, {
        "index": _number(told["index"]),
        "uuid": _matching(UUID, told["uuid"]),
        "model": told["name"],
        "memory_total": _mebibytes(told["memory.total"]),
        "memory_free": _mebibytes(told["memory.free"]),
        "compute": _matching(CAPABILITY, told.get("compute_cap")),
        "persistence": switch(told.get("persistence_mode")),
        "mig": None if mig["enabled"] is None else mig,
        "recovery": told.get("gpu_recovery_action"),
        "fabric": told.get("fabric.state"),
    }


def parse_list(output):
    """Index of a GPU -> its MIG devices as profile and uuid, from ``nvidia-smi -L``."""
    found, devices = {}, None
    for line in output.splitlines():
        gpu = re.match(r"GPU (\d{1,3}):", line, re.ASCII)
        mig = re.match(r"\s+MIG\s+(\S+)\s.*\(UUID: (MIG-[^\s)]+)\)", line, re.ASCII)
        if gpu:
            devices = found.setdefault(int(gpu[1]), [])
        elif mig and devices is not None:
            devices.append({"profile": mig[1], "uuid": mig[2]})
    return found


def parse_links(output):
    """Index of a GPU -> how many of its NVLinks are up, from ``nvidia-smi nvlink --status``."""
    found, gpu = {}, None
    for line in output.splitlines():
        head = re.match(r"GPU (\d{1,3}):", line, re.ASCII)
        if head:
            gpu = int(head[1])
            found[gpu] = 0
        elif gpu is not None and re.match(r"\s+Link \d+: [\d.]+ GB/s", line, re.ASCII):
            found[gpu] += 1
    return found


def parse_information(text):
    """Model and UUID in /proc/driver/nvidia/gpus/*/information, which has question marks before the first use."""
    told = dict(re.findall(r"^([\w ]+):[ \t]*(.*?)\s*$", text, re.MULTILINE))
    return {"model": field(told.get("Model", "")), "uuid": _matching(UUID, told.get("GPU UUID"))}


def parse_driver(text):
    """Whether /proc/driver/nvidia/version tells of the open or of the proprietary kernel module; None without a driver."""
    return None if "NVRM" not in text else "open" if "Open Kernel Module" in text else "proprietary"


def parse_processes(output):
    """The numbers of the processes that compute; None where a line is none, as where the driver does not tell them."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return set(lines) if all(re.fullmatch(r"\d{1,9}", line, re.ASCII) for line in lines) else None


def refusal(answer):
    """Why nvidia-smi tells nothing, in its own words; None where it told, or nobody asked. ``answer``: (status, words)."""
    if not answer or not answer[0]:
        return None
    return next((line.strip() for line in answer[1].splitlines() if line.strip()), f"status {answer[0]}")


def field(value):
    """A field's text; None for [N/A], N/A and the sentences in brackets that stand for no value."""
    return None if not value or value in ("N/A", "None") or re.fullmatch(r"\[.*\]", value) else value


def switch(value):
    return {"Enabled": True, "Disabled": False}.get(value)


def _number(value):
    return int(value) if value and re.fullmatch(r"\d{1,9}", value, re.ASCII) else None


def _mebibytes(value):
    number = _number((value or "").removesuffix(" MiB"))
    return None if number is None else number * MIB


def _matching(pattern, value):
    return value if value and pattern.fullmatch(value) else None
