# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Levels 5 and 6: whether what generates does so on GPUs, and fast enough; else why not, in one line. No I/O of its own.

``seen`` is the instance as a diagnosis looks at it, whose causes these are; None where nobody said what runs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_gpu import TOO_LARGE, beside, on_gpus, why
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import devices
from ansible_collections.barellama.fleet.plugins.module_utils._health import ON_CPU, SLOW, Verdict

# What drivers count as computing; Vulkan is graphics to them.
COUNTED = ("CUDA", "ROCm")
CHOSEN = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Proof:
    """A model that has answered: its entry of /api/ps, None where that does not have its name, as where it shares weights with one
    that was there before it; tokens per second, where measured; ``gone`` where nothing was in memory any more."""

    name: str
    loaded: dict | None = None
    speed: float | None = None
    gone: bool = False


def judge(wanted, version, level, proofs, seen):
    """(a Verdict where level 5 or 6 is not reached, else None; what was seen, for the reason of the healthy)."""
    found = devices(seen.start_log) if seen else None
    lacks = _on_cpu(wanted, proofs, found, seen)
    if lacks:
        return Verdict(4, ON_CPU, f"{wanted.where}: {lacks}", version, hopeless=found is not None), ""
    used = on_gpus(found or [])
    missing = _missing(used, found, seen)
    if missing:
        return Verdict(4, SLOW, f"{wanted.where}: {missing}", version, hopeless=True), ""
    if level >= 6:
        slow = _slow(wanted, proofs)
        if slow:
            return Verdict(5, SLOW, f"{wanted.where}: {slow}{wanted.journal()}", version), ""
    return None, _told(used, proofs)


def speed_of(answer):
    """Tokens per second of one answer; 0 where it had too few to tell."""
    count, nanoseconds = answer.get("eval_count") or 0, answer.get("eval_duration") or 0
    return count * 1e9 / nanoseconds if count > 1 and nanoseconds > 0 else 0.0


def _on_cpu(wanted, proofs, found, seen):
    """Why it does not compute on GPUs, by its log, then by where its models are, then by the drivers."""
    if found and not on_gpus(found):
        return f"no GPU is detected, everything is computed on the CPU: {_because(seen)}"
    loaded = [proof for proof in proofs if proof.loaded]
    for proof in loaded:
        where = beside(proof.loaded, wanted.vram_share)
        if where:
            why_so = "{}; {}".format(*TOO_LARGE) if found else _because(seen, wanted)
            return f"model {proof.name} generates, but {where}: {why_so}"
    gone = [proof.name for proof in proofs if proof.gone]
    if gone and not loaded:
        return (f"nobody can tell whether it computes on a GPU: model {gone[0]} was gone from memory as soon as it had answered; "
                "give ollama_settings.keep_alive more than 0")
    if not loaded and not found:
        return ("nobody can tell whether it computes on a GPU: no model is in memory, and its log does not name its devices; "
                f"pull a model, or leave ollama_settings.debug above -1{wanted.journal()}")
    counted = found and any(device.get("library") in COUNTED for device in found)
    told = seen.host.computing if loaded and counted and seen.pid else None
    if told is not None and not any(map(seen.owns, told)):
        return (f"its models say that they are on a GPU, and the driver knows of no process of it there; restart it: {seen.restart}")
    return None


def _missing(used, found, seen):
    """What is said where it was given more GPUs than it has found; None where not."""
    wanted = _chosen(seen.environment or {}) if seen and found else 0
    if len(used) >= wanted:
        return None
    return f"{len(used)} of {wanted} wanted GPUs are detected: {_because(seen)}"


def _chosen(environment):
    """How many GPUs its environment names."""
    named = next((environment[name] for name in CHOSEN if environment.get(name)), "")
    return len([item for item in named.split(",") if item.strip() not in ("", "-1")])


def _because(seen, wanted=None):
    if seen is None:
        return f"nobody said what runs it here{wanted.journal()}"
    return "{}; {}".format(*why(seen, sorted(seen.host.vendors)))


def _slow(wanted, proofs):
    for proof in proofs:
        if proof.speed == 0:
            return f"model {proof.name} answered with too few tokens to tell how fast it is"
        if proof.speed is not None and proof.speed < wanted.tokens_per_second:
            return (f"model {proof.name} makes {proof.speed:.1f} tokens per second, wanted are {wanted.tokens_per_second:g}; "
                    "look what else uses its GPU, and at its clocks and temperature")
    return None


def _told(used, proofs):
    names = [f"{device.get('name') or device.get('library')} ({device.get('description') or 'no name'})" for device in used]
    speeds = [proof.speed for proof in proofs if proof.speed is not None]
    return f" on {', '.join(names) or 'a GPU'}" + (f" at {min(speeds):.1f} tokens per second" if speeds else "")
