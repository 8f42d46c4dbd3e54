# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of vendors, made for one build and thrown away with it. GnuPG makes them and signs."""

from __future__ import annotations

import subprocess


class Key:
    """A key that did not exist before. ``home`` is a folder that only its owner may enter, the same for all keys."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        self._gpg("--passphrase", "", "--quick-gen-key", name, "rsa3072", "sign", "never")
        told = self._gpg("--with-colons", "--list-keys", f"={name}")
        self.fingerprint = next(line.split(":")[9] for line in told.splitlines() if line.startswith("fpr:"))
        self.public = self._gpg("--armor", "--export", self.fingerprint)

    def clearsigned(self, text):
        return self._gpg("--local-user", self.fingerprint, "--clearsign", text=text)

    def signature(self, text):
        """A signature to lie beside what it signs."""
        return self._gpg("--local-user", self.fingerprint, "--armor", "--detach-sign", text=text)

    def _gpg(self, *arguments, text=""):
        done = subprocess.run(["gpg", "--homedir", str(self.home), "--batch", "--quiet", *arguments], input=text, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
