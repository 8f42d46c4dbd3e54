#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secure_boot_key
short_description: Have the key enrolled that DKMS signs kernel modules with
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - Puts a key and its certificate where DKMS reads them, or makes a pair as DKMS does where there is none, and has C(mokutil) request
    that the certificate is enrolled.
  - A person then confirms it at the host's console while the host starts. If nobody does, the request is gone, and the next run makes
    it again.
  - A key that is there already is never replaced, and the request for another key neither.
notes:
  - Needs C(mokutil), and C(openssl) where a pair is made. Takes root, and a host that was started by EFI.
extends_documentation_fragment:
  - barellama.fleet.attributes
options:
  key_path:
    description: Where DKMS reads the key. On Ubuntu it is C(/var/lib/shim-signed/mok/MOK.priv).
    type: path
    default: /var/lib/dkms/mok.key
  certificate_path:
    description: Where DKMS reads the certificate, which is in DER there. On Ubuntu it is C(/var/lib/shim-signed/mok/MOK.der).
    type: path
    default: /var/lib/dkms/mok.pub
  key:
    description: An RSA key in PEM without a passphrase. Left out, the one that is there, or one that is made.
    type: str
  certificate:
    description: The key's certificate in PEM.
    type: str
  password_hash:
    description: Hash of the password that the person types, as C(mokutil --generate-hash) or C(openssl passwd -6) writes it.
    type: str
    required: true
seealso:
  - module: barellama.fleet.gpu_facts
    description: Tells where DKMS reads its key, and whether that is enrolled.
"""

EXAMPLES = r"""
- name: Have the key of DKMS wait for a person at the console
  barellama.fleet.secure_boot_key:
    password_hash: "{{ vault_mok_password_hash }}"
"""

RETURN = r"""
state:
  description: V(enrolled), or V(queued) until a person confirms it while the host starts.
  returned: success
  type: str
  sample: queued
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [request that /var/lib/dkms/mok.pub is enrolled]
"""

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._mok import HASH
from ansible_collections.barellama.fleet.plugins.module_utils._mok_enrol import Enrolment
from ansible_collections.barellama.fleet.plugins.module_utils._module import run


def secure_boot_key(module):
    given, check = module.params, module.check_mode
    if not HASH.fullmatch(given["password_hash"]):
        raise FleetError("password_hash is no hash of a password; make one: mokutil --generate-hash")
    if not module.get_bin_path("mokutil"):
        raise FleetError("mokutil is not on this host; install the package mokutil")
    enrolment = Enrolment(module.run_command, given["key_path"], given["certificate_path"])
    placed = enrolment.place((given["key"], given["certificate"]) if given["key"] else None, check)
    if placed and check:
        state, requested = "queued", [f"request that {enrolment.certificate} is enrolled"]
    else:
        state, requested = enrolment.request(given["password_hash"], check)
    actions = placed + requested
    return {"changed": bool(actions), "state": state, "actions": actions,
            "diff": {"before": "", "after": "".join(f"{line}\n" for line in actions)}}


def main():
    run({
        "key_path": {"type": "path", "default": "/var/lib/dkms/mok.key"},
        "certificate_path": {"type": "path", "default": "/var/lib/dkms/mok.pub"},
        "key": {"type": "str", "no_log": True},
        "certificate": {"type": "str"},
        "password_hash": {"type": "str", "required": True, "no_log": True},
    }, secure_boot_key, required_together=[("key", "certificate")])


if __name__ == "__main__":
    main()
