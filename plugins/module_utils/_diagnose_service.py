# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""A server that does not run, or runs and does not answer as it should. No I/O of its own."""

from __future__ import annotations

import re

from ansible_collections.barellama.fleet.plugins.module_utils._client import (
    ClientError,
    Interrupted,
    Refused,
    Unreachable,
)
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_log import devices, messages
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_record import interrupted, why_not
from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_words import DOWN, GONE, finding

SEE = "see its log: {log}"
# What a line tells of the cause, and the cure. The newest line that matches counts; the first row that fits it.
SENTENCES = [(re.compile(sentence), cause, cure) for sentence, cause, cure in (
    (r"listen tcp (\S+): bind: address already in use|(?:Bind for|listen tcp4?) (\S+?):? ?(?:failed: port is already allocated)",
     "another process has {0}", "see who: ss -ltnp; stop it, or choose another ollama_port"),
    (r"listen tcp (\S+): bind: cannot assign requested address", "this host has no address {0}", "correct ollama_host"),
    (r"listen tcp: lookup (\S+): no such host", "nothing knows the address of {0}", "correct ollama_host"),
    (r"Error: mkdir (.+?): permission denied",
     "it may not make {0}, or not pass through a directory above it",
     "let its user own the store and enter every directory above: namei -l {0}"),
    (r"(?:Error: \w+|error=.*) (/\S+?): read-only file system|mkdir (/\S+?): read-only",
     "{0} is read-only for it", "mount it read-write, or set ollama_models_dir to where it may write"),
    (r"no space left on device", "a disk is full", "make room: df -h"),
    (r"panic: bad origin", "an origin has no scheme or a space before it", "correct ollama_settings.origins"),
    (r"\$HOME is not defined", "it was started without HOME", "let the role write its definition: run site.yml"),
    (r"(?:Failed|Unable) to locate executable '?([^':]+)|stat (/\S*ollama): no such file",
     "its program {0} is not there", "install it: run site.yml"),
    (r"Failed at step USER|Failed to determine user credentials", "its user does not exist", "make it: run site.yml"),
    (r"Failed to load environment files", "its file with settings is not there", "write it: run site.yml"),
    (r"Failed to set up mount namespacing: (?:/run/systemd/unit-root)?([^:]+)", "a directory that it needs is not there: {0}",
     "make it, or mount it: run site.yml"),
    (r"could not select device driver", "Docker has no way to give NVIDIA GPUs to containers",
     "install nvidia-container-toolkit 1.18 or newer, and restart Docker"),
    (r"unresolvable CDI devices (\S+)", "no CDI specification names {0}",
     "make one: systemctl restart nvidia-cdi-refresh, or nvidia-ctk cdi generate; then look at /etc/cdi for an old one"),
    (r'adding custom device \\?"([^"\\]+)', "the host has no {0}", "see check driver, or correct ollama_gpu_vendor"),
    (r"nvidia-container-cli: (.+)", "NVIDIA's container tools cannot use the driver: {0}", "see check driver"),
    (r"exec format error", "the program is for another kind of processor", "choose an image or archive for this one"),
    (r"^Error: (.+)", "{0}", SEE),
    (r"^panic: (.+)", "it crashed: {0}", SEE),
)]


def service(look):
    """Whether what runs the server keeps it running."""
    trouble = look.trouble
    if trouble == GONE:
        cut_off = interrupted(look.host.record)
        yield finding(f"{look.process.name} is not there", *(
            cut_off and (f"{cut_off[0]} while it changed this host", cut_off[2])
            or ("nobody made it, or somebody removed it", "run site.yml")))
    elif trouble == "is masked":
        yield finding(f"{look.process.name} is masked", "somebody forbade to start it", f"systemctl unmask {look.process.name}")
    elif trouble:
        yield finding(f"{look.process.name} {trouble}", *_why(look))


def answers(look):
    """Whether the server answers at its address, with the wanted version."""
    try:
        version = look.client.version()
    except Unreachable as error:
        yield finding(f"nobody answers at {look.url}", *_not_there(look, error))
    except Interrupted:
        yield finding(f"the port at {look.url} is open, and no answer comes", *_silent(look))
    except ClientError as error:
        said = f"it answers /api/version with status {error.status}" if isinstance(error, Refused) else str(error)
        yield finding(f"what answers at {look.url} is no Ollama", said,
                      "see who listens there: ss -ltnp; stop it, or choose another ollama_port")
    else:
        if look.version and version != look.version:
            yield finding(f"Ollama {version} answers at {look.url}, wanted is {look.version}",
                          *why_not(look.host.record, look.version, version) or (
                              "it was not restarted since its release was changed, or another server has its port",
                              f"restart it: {look.restart}; if that does not help, see who listens: ss -ltnp"))


def _why(look):
    if look.killed:
        return ("the kernel ended it for lack of memory", "give it less context, fewer or smaller models, or more memory")
    for line in [look.refusal, *reversed(look.recent_log)]:
        if look.trouble == DOWN and line.startswith("Starting "):
            break  # what was said before its last start is over
        for sentence, cause, cure in SENTENCES:
            found = sentence.search(line)
            if found:
                words = [word for word in found.groups() if word]
                return cause.format(*words), cure.format(*words, log=look.log_command)
    cut_off = interrupted(look.host.record)
    if cut_off and look.trouble == DOWN:
        return f"{cut_off[0]} while it changed this host", cut_off[2]
    return ("it ended without a word" if look.trouble != DOWN else "somebody stopped it, or it ended without a word",
            f"start it: {look.restart}; {SEE.format(log=look.log_command)}")


def _not_there(look, error):
    told = [re.search(r"Listening on (\S+)", found["msg"]) for found in map(_message, look.start_log) if found]
    listening = [found.group(1) for found in told if found]
    if not listening:
        return ("it is still starting, or hangs before it listens", f"wait a minute; then {SEE.format(log=look.log_command)}")
    return (f"it listens on {listening[-1]}, and something is in between ({error.__cause__ or error})",
            "compare ollama_host and ollama_port with that, and look for a firewall or a port that is not published")


def _silent(look):
    if devices(look.start_log) is None and messages(look.start_log, "discovering available GPUs..."):
        return ("it looks for GPUs, and a driver does not answer at once",
                "wait two minutes; if GPUs are not found then, see check driver")
    return "it hangs, or is overloaded", f"{SEE.format(log=look.log_command)}; then restart it: {look.restart}"


def _message(line):
    found = re.search(r'msg="(Listening on [^"]+)"', line)
    return {"msg": found.group(1)} if found else None
