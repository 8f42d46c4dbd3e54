# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""Pulling one model to its end.

A pull is done when the server says ``success``, and only then: errors come as the last line of an answer with status
200, and a server that is stopped says nothing at all. What can pass is tried again, and the server resumes where it
was; what cannot is told at once with its cure.
"""

from __future__ import annotations

import re
import time
from contextlib import closing

from ansible_collections.barellama.fleet.plugins.module_utils._client import Interrupted, Refused, Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError

PAUSES = (1, 2, 4, 8)  # seconds before each further try; the count starts anew when bytes have moved

REGISTRY_STATUS = re.compile(r"\b(?:pull model manifest|max retries exceeded): (4\d\d):")
PASSING_STATUSES = (408, 425, 429)

# What no second try can cure: a part of the server's words, and what to do.
HOPELESS = (
    (r": 412:", "this Ollama is too old for the model; upgrade it"),
    (r"file does not exist", "the registry has no such model or tag; check the name"),
    (r"invalid model name", "Ollama does not take the name; check it"),
    (r"requires MLX", "the model needs Ollama's MLX overlay; choose a GGUF version of it"),
    (r"no space left on device", "free space in the store, or move it to a larger disk"),
    (r"permission denied|operation not permitted", "the server's user may not write its store; correct the owner"),
    (r"read-only file system", "the store is read-only for the server; pull where it is writable"),
    (r"HTTP response to HTTPS|not look like a TLS handshake", "the registry speaks plain http; set insecure: true"),
    (r"x509:", "the host does not trust the registry's certificate; add its CA to the system and restart Ollama"),
    (r"no Location header", "the registry serves blobs as Ollama cannot use them; put a redirecting proxy before it"),
    (r"unauthorized|realm host", "the registry does not let this server in; register its public key there"),
    (r"-partial\S*: no such file|^EOF$", "a partial download of it is damaged; set store, or remove its sha256-*-partial* files there"),
)


class PullFailed(FleetError):
    """The model is not there. ``attempts`` tells how often it was tried."""

    def __init__(self, message, attempts):
        super().__init__(message)
        self.attempts = attempts


class OutOfTime(Exception):
    """The time for the whole call is up."""


def pull(client, name, insecure=False, idle_timeout=600, until=None, sleep=time.sleep, mend=lambda: False, tell=lambda event: None):
    """Pull ``name``; return after ``success``, else raise PullFailed. ``tell`` is given each event of the server.

    ``idle_timeout`` is in seconds of silence, ``until`` the time of the monotonic clock at which to give up, if any.
    ``mend`` is asked once, after a refusal, whether it could remove what stood in the way.
    """
    attempts = failures = furthest = 0
    mended = False
    while True:
        attempts += 1
        done = {}
        try:
            return _attempt(client, name, insecure, idle_timeout, until, done, tell)
        except OutOfTime as error:
            raise PullFailed(
                f"pull of {name} was not done at the deadline: run again with a longer one, what has arrived is kept",
                attempts,
            ) from error
        except (Refused, Interrupted, Unreachable) as error:
            if isinstance(error, Refused) and not mended and mend():
                mended = True
                continue
            reason = error.text if isinstance(error, Refused) else str(error)
            cure = _cure(error)
            if cure:
                raise PullFailed(f"pull of {name} failed: {reason}: {cure}", attempts) from error
            moved = sum(done.values()) > furthest
            furthest = max(furthest, sum(done.values()))
            failures = 1 if moved else failures + 1
            if failures > len(PAUSES):
                raise PullFailed(
                    f"pull of {name} failed {attempts} times, last with: {reason}: "
                    "mend that and run again, what has arrived is kept", attempts,
                ) from error
            sleep(min(PAUSES[failures - 1], _left(until, PAUSES[-1])))


def _attempt(client, name, insecure, idle_timeout, until, done, tell):
    """One call. ``done`` is filled with the bytes each blob has, by digest. To close it makes the server stop."""
    status, patience = None, _left(until, idle_timeout)
    if patience <= 0:
        raise OutOfTime
    try:
        with closing(client.pull(name, insecure, patience)) as events:
            for event in events:
                tell(event)
                status = event.get("status")
                if isinstance(event.get("completed"), int) and isinstance(event.get("digest"), str):
                    done[event["digest"]] = event["completed"]
                if status != "success" and _left(until, 1) <= 0:
                    raise OutOfTime
    except Interrupted as error:
        if _left(until, 1) <= 0:
            raise OutOfTime from error
        raise
    if status != "success":
        raise Interrupted(f"the server ended the pull without 'success', its last word was {status!r}")


def _left(until, most):
    """Seconds until ``until``, at most ``most``."""
    return most if until is None else max(0, min(most, until - time.monotonic()))


def _cure(error):
    """What to do about an error that a second try cannot cure; None when it may pass."""
    if not isinstance(error, Refused):
        return None
    for words, cure in HOPELESS:
        if re.search(words, error.text):
            return cure
    by_registry = REGISTRY_STATUS.search(error.text)
    status = int(by_registry.group(1)) if by_registry else error.status
    if 400 <= status < 500 and status not in PASSING_STATUSES:
        return "the registry refuses it" if by_registry else "the server refuses it"
    return None
