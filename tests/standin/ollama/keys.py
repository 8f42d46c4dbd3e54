# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance's key pair: files of the right names, form and modes.

The standard library has no ed25519, so the public half and the signatures are hashes: right in length, good for
nothing but a registry that only looks whether there are any.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct

from . import envconfig, log
from .errors import path_error

KIND = b"ssh-ed25519"
MARK = "-----%s OPENSSH PRIVATE KEY-----"


def ensure():
    """Create `$HOME/.ollama/id_ed25519` and its .pub where they are missing."""
    path = _path()
    if os.path.exists(path):
        return
    log.plain(f"Couldn't find '{path}'. Generating new private key.")
    seed = os.urandom(32)
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(_private_text(seed))
        with open(path + ".pub", "w", encoding="ascii") as stream:
            stream.write(_public_text(seed) + "\n")
    except OSError as error:
        raise path_error("mkdir" if error.filename == os.path.dirname(path) else "open", error.filename,
                         error.errno) from None
    log.plain(f"Your new public key is: \n\n{_public_text(seed)}\n")


def signature(text):
    """Return the value of the Authorization header for a token request: ``<public key>:<signature>``."""
    with open(_path() + ".pub", encoding="ascii") as stream:
        public = stream.read().split()[1]
    return f"{public}:{base64.b64encode(hashlib.sha512((public + text).encode()).digest()).decode()}"


def _path():
    return os.path.join(envconfig.home(), ".ollama", "id_ed25519")


def _public(seed):
    return hashlib.sha256(b"stand-in key" + seed).digest()


def _public_text(seed):
    return "ssh-ed25519 " + base64.b64encode(_field(KIND) + _field(_public(seed))).decode()


def _private_text(seed):
    public = _field(KIND) + _field(_public(seed))
    check = seed[:4] * 2
    private = check + public + _field(seed + _public(seed)) + _field(b"")
    private += bytes(range(1, 1 + -len(private) % 8))
    data = b"openssh-key-v1\0" + _field(b"none") * 2 + _field(b"") + struct.pack(">I", 1) + _field(public)
    text = base64.b64encode(data + _field(private)).decode()
    lines = [text[start:start + 70] for start in range(0, len(text), 70)]
    return "\n".join([MARK % "BEGIN"] + lines + [MARK % "END", ""])


def _field(data):
    return struct.pack(">I", len(data)) + data
