# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Looking at servers, many at a time, until they are healthy or the time is up."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

from ansible_collections.barellama.fleet.plugins.module_utils import _health
from ansible_collections.barellama.fleet.plugins.module_utils._client import (
    Client,
    ClientError,
    Interrupted,
    NotOllama,
    Refused,
    Unreachable,
)
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import Unseen
from ansible_collections.barellama.fleet.plugins.module_utils._health import DOWN, Verdict
from ansible_collections.barellama.fleet.plugins.module_utils._models_memory import only_embeds
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import by_name
from ansible_collections.barellama.fleet.plugins.module_utils._names import ModelName

MOST_AT_A_TIME = 128
PAUSE = 0.5  # seconds between two looks at one server
ANSWER_TIMEOUT = 5
TOKEN_TIMEOUT = 300  # the first token comes after the model is loaded
ONE_TOKEN = {"prompt": "Hello", "options": {"num_predict": 1, "temperature": 0}}
SOME_TOKENS = {"prompt": "Count from one to one hundred in words.", "options": {"num_predict": 64, "temperature": 0}}


def look_at_all(instances, level, timeout=None, wait=0, tools=None):
    """The reports on a list of Wanted, in order. ``timeout`` is per request, ``wait`` in all, both in seconds.

    With ``tools``, a Commands, nobody waits for a process on this host that ended for good, or again and again, and
    level 5 has more to go by than where the server says its models are.
    """
    with ThreadPoolExecutor(min(len(instances), MOST_AT_A_TIME)) as pool:
        return list(pool.map(lambda wanted: _wait_for(wanted, level, timeout, wait, tools), instances))


def _wait_for(wanted, level, timeout, wait, tools):
    begin = time.monotonic()
    watch = None
    while True:
        verdict = look(wanted, level, timeout, tools)
        if tools and wait and verdict.state != _health.HEALTHY:
            watch = watch or _watch(wanted, tools)
            verdict = watch.judge(verdict)
        spent = time.monotonic() - begin
        if verdict.state == _health.HEALTHY or verdict.hopeless or spent + PAUSE > wait:
            return _health.report(wanted, verdict, level, spent)
        time.sleep(PAUSE)


def _watch(wanted, tools):
    # The healthy do not need it, and to read it takes longer than their answer; as for levels 5 and 6 below.
    from ansible_collections.barellama.fleet.plugins.module_utils._health_process import Watch

    return Watch(wanted, tools)


def look(wanted, level, timeout=None, tools=None):
    """The Verdict on one server, from one look. It stops at the first level that is not reached."""
    patience = timeout or ANSWER_TIMEOUT
    client = Client(wanted.url, patience)
    if level == 1:
        return _accepts(wanted, patience) or _health.healthy(wanted, level, None)
    version, verdict, proofs, told = None, None, [], ""
    try:
        version = client.version()
        verdict = _health.judge_version(wanted, version)
        if level >= 3 and (wanted.models or wanted.smallest) and not verdict:
            listed = client.tags()
            if wanted.smallest and not wanted.models:
                wanted = replace(wanted, models=_health.smallest_of(listed))
            verdict = _health.judge_models(wanted, version, listed)
            if level >= 4 and not verdict:
                verdict = _generate(wanted, version, client, by_name(listed), timeout or TOKEN_TIMEOUT, level, proofs)
    except ClientError as error:
        verdict = _silent(wanted, version, patience, error)
    if level >= 5 and not verdict:
        verdict, told = _judge_gpus(wanted, version, level, proofs, tools)
    return verdict or _health.healthy(wanted, level, version, told)


def _judge_gpus(wanted, version, level, proofs, tools):
    from ansible_collections.barellama.fleet.plugins.module_utils._health_gpu import judge
    from ansible_collections.barellama.fleet.plugins.module_utils._health_process import instance_of

    try:
        return judge(wanted, version, level, proofs, instance_of(wanted, tools) if tools else None)
    except Unseen:
        return judge(wanted, version, level, proofs, None)


def _accepts(wanted, timeout):
    parts = urlsplit(wanted.url)
    try:
        socket.create_connection((parts.hostname, parts.port or 80), timeout).close()
    except (OSError, ValueError) as error:
        return _closed(wanted, timeout, error)
    return None


def _generate(wanted, version, client, there, timeout, level, proofs):
    """One token or vector from every wanted model, one after the other so that they do not fight for memory.

    From level 5 on it is looked at while it is in memory, which goes to ``proofs``.
    """
    for name, _digest in wanted.models:
        try:
            if not _answers(client, there[name], timeout):
                return _health.no_token(wanted, version, name, "the answer was empty")
            if level >= 5 and _is_asked(there[name]):
                proofs.append(_prove(wanted, client, there[name], timeout, level))
        except Refused as error:
            return _health.no_token(wanted, version, name, f"{error.status} {error.text}", error.status < 500)
        except ClientError as error:
            return _health.no_token(wanted, version, name, _words(error, timeout))
    return None


def _is_asked(entry):
    return only_embeds(entry) or _health.generates(entry)


def _answers(client, entry, timeout):
    """Whether a model makes what it is for. One that does neither can only be looked for."""
    if only_embeds(entry):
        return bool(client.embed(entry["name"], ONE_TOKEN["prompt"], timeout).get("embeddings"))
    return not _health.generates(entry) or _health.has_token(client.generate(entry["name"], timeout, **ONE_TOKEN))


def _prove(wanted, client, entry, timeout, level):
    """Where a model is that has just answered, and how fast it is unless it is on the CPU, where that would take its time."""
    from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_gpu import beside
    from ansible_collections.barellama.fleet.plugins.module_utils._health_gpu import Proof, speed_of

    listed = by_name(client.ps())
    loaded = listed.get(ModelName.parse(entry["name"]))
    measured = level >= 6 and _health.generates(entry) and listed and not (loaded and beside(loaded, wanted.vram_share))
    speed = speed_of(client.generate(entry["name"], timeout, **SOME_TOKENS)) if measured else None
    return Proof(entry["name"], loaded, speed, gone=not listed)


def _silent(wanted, version, timeout, error):
    """The Verdict on a server that gives no answer to a question of level 2 (no ``version`` yet) or 3."""
    if isinstance(error, Unreachable):
        return _closed(wanted, timeout, error.__cause__)
    level, path = (2, "/api/tags") if version else (1, "/api/version")
    if isinstance(error, (NotOllama, Refused)):
        return Verdict(level, DOWN, f"{wanted.where}: {error}", version, hopeless=not _may_pass(error))
    what = f"port open but {path} {_words(error, timeout)}{wanted.journal()}"
    return Verdict(level, DOWN, f"{wanted.where}: {what}", version)


def _closed(wanted, timeout, error):
    late = isinstance(error, (TimeoutError, socket.timeout))
    cause = f"within {timeout:g} s" if late else f"({(getattr(error, 'strerror', None) or str(error)).lower()})"
    return Verdict(0, DOWN, f"{wanted.where}: no connection {cause}{wanted.journal()}")


def _words(error, timeout):
    cause = error.__cause__
    if isinstance(error, Interrupted) and isinstance(cause, (TimeoutError, socket.timeout)):
        return f"does not answer within {timeout:g} s"
    return f"breaks off ({cause or error})"


def _may_pass(error):
    return isinstance(error, Refused) and error.status >= 500
