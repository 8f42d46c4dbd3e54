# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""What to do about a restart that GPUs need: say it, load the driver anew, restart once, or stop. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils._gpu_driver import ASKED, CONSOLE, goes_with_a_reload, keeps_working


def restart(host, policy, local):
    """``do`` (none, forget, refuse, report, reload, reboot), ``reasons``, whether the driver ``waits`` for it, and ``said`` for the operator.

    A restart is on record with the boot that it ended. The same reason after it means that it does not help: it is never
    done for that again. The distribution has ever new reasons, which all read the same.
    """
    reasons, system = host["reboot"], host["system"]
    if not reasons:
        return {"do": "forget" if system and system["restarted"] else "none", "reasons": [], "waits": False, "said": ""}
    why = "; ".join(reasons)
    before = system["restarted"] or {"boot_id": system["boot_id"], "reasons": []}
    again = [reason for reason in reasons if reason in before["reasons"] and before["boot_id"] != system["boot_id"] and reason != ASKED]
    if again:
        return _told("refuse", reasons, f"this host was restarted, and still: {'; '.join(again)}; another restart would not help; "
                                        "see: journalctl -k -b, and dkms status")
    if policy == "never":
        return _told("refuse", reasons, f"this host has to be restarted for its GPUs, and gpu_driver_reboot_policy is never: {why}")
    if CONSOLE in reasons:
        return _told("report", reasons, f"this host has to be restarted by a person at its console, and is not restarted from here: {why}")
    if policy != "report" and system["container"]:
        return _told("report", reasons, f"the machine of this container has to be restarted for its GPUs, which cannot be done from here: {why}")
    if policy == "reboot" and local:
        return _told("report", reasons, f"this host has to be restarted for its GPUs, and Ansible itself runs on it; restart it by hand: {why}")
    if policy == "report" or (policy == "reload" and not any(map(goes_with_a_reload, reasons))):
        meanwhile = "" if all(map(keeps_working, reasons)) else "; until then Ollama may compute on the CPU"
        instead = "" if local or system["container"] else ", or run gpu.yml with gpu_driver_reboot_policy: reboot"
        return _told("report", reasons, f"this host has to be restarted for its GPUs: {why}; do it{instead}{meanwhile}")
    return _told(policy, reasons, f"{'restarting this host' if policy == 'reboot' else 'loading the driver anew'} for its GPUs: {why}")


def _told(what, reasons, said):
    return {"do": what, "reasons": reasons, "waits": not all(map(keeps_working, reasons)), "said": said}
