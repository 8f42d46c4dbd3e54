# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What an operator wants of a server, what was seen of it, and the judgement. No I/O.

Levels: 1 connections are accepted, 2 the wanted version answers, 3 the wanted models are there with the wanted
digests, 4 every wanted model generates a token, 5 it does so on GPUs (see ``_health_gpu.py``), 6 fast enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import KEYS, bare_digest
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName
from ansible_collections.barellama.fleet.plugins.module_utils._words import shown

# From best to worst.
HEALTHY, SLOW, ON_CPU, MISSING, WRONG, DOWN = STATES = (
    "healthy", "degraded-slow", "degraded-cpu", "model-missing", "wrong-version", "down")
A_DAY = 86400
FASTEST = 1_000_000  # tokens per second, of which nobody wants more


@dataclass(frozen=True)
class Wanted:
    """One instance as it should be. ``models`` is a list of (ModelName, digest in bare hex or None).

    With ``smallest`` and none of them, level 4 asks the smallest model that is there. Level 5 wants ``vram_share`` of
    each model on GPUs, level 6 ``tokens_per_second``.
    """

    name: str
    url: str
    unit: str | None = None
    version: str | None = None
    models: list = field(default_factory=list)
    container: str | None = None
    label: str | None = None
    smallest: bool = False
    vram_share: float = 1.0
    tokens_per_second: float | None = None

    @property
    def where(self):
        return f"{self.name} at {self.url}"

    def journal(self):
        unit, container, label = self.unit, self.container, self.label
        see = container and f"docker logs -n 50 {container}" or label and f"launchctl print system/{label}"
        return f"; see: {see or f'journalctl -u {unit} -n 50'}" if see or unit else "; see its log"


@dataclass(frozen=True)
class Verdict:
    """``level`` is the highest that was reached; ``hopeless`` when waiting alone will not make it better, ``ended`` when
    that is because its process has ended for good, or ends again and again."""

    level: int
    state: str
    reason: str
    version: str | None = None
    hopeless: bool = False
    ended: bool = False


def check_times(wait, timeout):
    """FleetError unless both are lengths of time, in seconds, that a day holds."""
    if not 0 <= wait <= A_DAY:
        raise FleetError(f"wait is {wait}; write 0 to {A_DAY} seconds, for example 60")
    if timeout is not None and not 0 < timeout <= A_DAY:
        raise FleetError(f"timeout is {timeout:g}; write more than 0 and at most {A_DAY} seconds, for example 5")


def check_floors(level, vram_share, tokens_per_second):
    """FleetError unless both say what levels 5 and 6 need."""
    if not 0 < vram_share <= 1:
        raise FleetError(f"vram_share is {vram_share:g}; write more than 0 and at most 1, for example 0.9")
    if tokens_per_second is not None and not 0 < tokens_per_second <= FASTEST:
        raise FleetError(f"tokens_per_second is {tokens_per_second:g}; write more than 0 and at most {FASTEST}, for example 20")
    if level >= 6 and tokens_per_second is None:
        raise FleetError("level 6 needs to know how fast is fast enough; set tokens_per_second, for example 20")


def wanted_instances(instances, smallest=False, **floors):
    """The option ``instances`` as a list of Wanted; FleetError when it cannot be."""
    if not instances:
        raise FleetError("instances is empty, so nothing would be looked at; list at least one with name and url")
    plain = ("name", "unit", "version", "container", "label")
    return [Wanted(**{key: item.get(key) for key in plain}, url=item["url"].rstrip("/"), models=_wanted_models(item), smallest=smallest, **floors)
            for item in instances]


def _wanted_models(item):
    """Entries are names, or dicts as ollama_models takes them; those with the state absent are passed over."""
    wanted = []
    for entry in item.get("models") or []:
        entry = entry if isinstance(entry, dict) else {"name": entry}
        strangers = [key for key in entry if key not in KEYS]
        if strangers:
            raise FleetError(f"{item['name']}: a model has {shown(strangers[0])}; it may have {', '.join(KEYS)}")
        if not isinstance(entry.get("name"), str):
            wrong = shown(entry.get("name"))
            raise FleetError(f"{item['name']}: {wrong} is not a model's name; for example llama3.2:3b")
        if entry.get("state") != "absent":
            wanted.append((ModelName.manageable(entry["name"]), bare_digest(entry["name"], entry.get("digest"))))
    return wanted


def judge_version(wanted, found):
    """A Verdict when ``found`` is the wrong version, else None. An old process may still be on its way out."""
    if wanted.version in (None, found):
        return None
    reason = (f"{wanted.where}: runs Ollama {found}, wanted is {wanted.version}; "
              "restart it, and check where its program comes from")
    return Verdict(1, WRONG, reason, found)


def judge_models(wanted, version, listed):
    """A Verdict when models are not there or are not the wanted ones, else None. ``listed`` is from /api/tags."""
    there = by_name(listed)
    missing = [str(name) for name, _digest in wanted.models if name not in there]
    other = [
        f"{name} has digest {there[name]['digest'][:12]}, wanted is {digest[:12]}"
        for name, digest in wanted.models
        if digest and name in there and there[name]["digest"] != digest
    ]
    if not missing and not other:
        return None
    gone = [f"not there: {', '.join(missing)}"] if missing else []
    return Verdict(2, MISSING, f"{wanted.where}: {'; '.join(gone + other)}; pull again", version, hopeless=True)


def generates(entry):
    """Whether a model of /api/tags makes text; those that only embed do not."""
    capabilities = entry.get("capabilities")
    return not capabilities or "completion" in capabilities


def smallest_of(listed):
    """The models to prove where none is listed: the smallest of /api/tags that generates, as Wanted has them."""
    able = [(entry.get("size", 0), name) for name, entry in by_name(listed).items() if generates(entry)]
    return [(min(able, key=lambda each: each[0])[1], None)] if able else []


def has_token(answer):
    """Whether at least one token came out; a token may be thought, or have no text."""
    return bool(answer.get("eval_count") or answer.get("response") or answer.get("thinking"))


def no_token(wanted, version, name, what, hopeless=False):
    reason = f"{wanted.where}: model {name} generates nothing: {what}{wanted.journal()}"
    return Verdict(3, DOWN, reason, version, hopeless)


def healthy(wanted, level, version, told=""):
    """``told`` is what levels 5 and 6 have seen."""
    serves = f"serves Ollama {version}" if version else "accepts connections"
    models = f", {len(wanted.models)} wanted models are there" if level >= 3 else ""
    return Verdict(level, HEALTHY, f"{wanted.where}: {serves}{models}{' and generate' if level >= 4 else ''}{told}", version)


def report(wanted, verdict, level, seconds):
    """One instance as the module returns it."""
    return {
        "name": wanted.name,
        "url": wanted.url,
        "level": verdict.level,
        "wanted": level,
        "state": verdict.state,
        "reason": verdict.reason,
        "version": verdict.version,
        "ended": verdict.ended,
        "seconds": round(seconds, 3),
    }


def summary(results, fail):
    """The module's result; with ``fail`` a FleetError, which carries it, when an instance is not healthy."""
    state = max((result["state"] for result in results), key=STATES.index)
    result = {"changed": False, "instances": results, "state": state}
    if fail and state != HEALTHY:
        reasons = [each["reason"] for each in results if each["state"] != HEALTHY]
        raise FleetError(" | ".join(reasons), **result)
    return result
