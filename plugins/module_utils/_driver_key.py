# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What has to be done about Secure Boot for a driver that DKMS builds and signs. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._mok import certificate_of, digest, is_file

PACKAGES = ("mokutil", "openssl")


def enrolment(host, wanted):
    """In the words of ``_driver_plan.py``; nothing where the policy is another, or Secure Boot is off."""
    mok = host["mok"]
    if wanted["gpu_driver_secure_boot"] != "enroll" or not host["secure_boot"]:
        return {}
    if not all(map(is_file, (mok["key"], mok["certificate"]))):
        return {"refusals": [f"gpu_driver_secure_boot: DKMS's own configuration has its key in {mok['key']}, which this role does not look after; "
                             "enrol that, and write ignore"]}
    given = certificate_of(wanted["gpu_driver_mok_certificate"])
    if given and mok["digest"] not in (None, digest(given)):
        return {"refusals": [f"gpu_driver_mok_certificate: DKMS signs with another key here, {mok['certificate']}, and this role replaces none; leave "
                             "gpu_driver_mok_certificate and gpu_driver_mok_key empty to enrol that one, or move both its files away and "
                             "build its modules anew"]}
    return {"enrol": [mok], "desired": list(PACKAGES)}


def waiting(planned, host):
    """Lines on what the key that is to be enrolled lacks, and this role can do."""
    if planned["enrol"] and not host["key_enrolled"] and not host["key_queued"]:
        yield f"the key that DKMS signs with, {planned['enrol'][0]['certificate']}, is not enrolled for Secure Boot"
