#!/usr/bin/python
# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ollama_release
short_description: Fetch, verify and switch releases of Ollama on a host
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - Brings one release of Ollama to a host and makes it the current one, as a whole or not at all.
  - The archive is fetched (an interrupted download is resumed), compared with its sha256, unpacked beside its place by
    strict rules, flushed to disk and renamed into place. Then a symbolic link is switched by another rename.
  - Whatever kills a run, C(current) leads to a complete release; the next run removes what the killed one left.
  - The release to go back to is kept for O(state=rolled_back), and so are the proven one and those in O(keep). Others are
    removed after a switch.
  - Services are neither stopped nor started. A running server keeps the release it was started from until its restart.
notes:
  - "Layout: C(releases/<version>-<first 8 digits of the sha256>/{bin,lib}) below O(root), where each overlay adds
    C(+<overlay>-<first 8 digits of its sha256>), with the relative links C(current), C(previous), to which
    O(state=rolled_back) goes back, and C(proven), which only O(state=proven) makes.
    A release is complete when its file C(.release.json) is there, which lists the sha256 of each file, and every file
    that it lists has the size and the mode that it says."
  - Archives of 0.14.0 and later are compressed with zstd, and the host needs the distribution's package C(zstd)
    to unpack them. Neither check mode nor a call that changes nothing needs it.
  - At the height of an installation the disk holds the archive, the plain tar inside it and the unpacked files.
  - A call that finds everything done makes no request and hashes nothing.
extends_documentation_fragment:
  - barellama.fleet.attributes
options:
  version:
    description:
      - The version, as V(X.Y.Z) or V(X.Y.Z-rcN). Write it in quotes.
      - Required for the states V(staged) and V(present).
    type: str
  release:
    description:
      - The id of the release that O(state=rolled_back) makes current, as RV(release.id) told it. Left out, the one that
        C(previous) leads to.
    type: str
  keep:
    description:
      - Ids of releases that a switch does not remove, although no link leads to them.
      - Where it is given, though empty, O(state=rolled_back) removes the others, above all the one that is left.
    type: list
    elements: str
  root:
    description:
      - Directory that holds the releases. It is made if it is missing, and the file system must allow programs.
    type: path
    default: /opt/ollama
  state:
    description:
      - V(staged) makes the release complete on disk and leaves C(current) alone.
      - V(present) does that if needed and lets C(current) lead to the release, and C(previous) to the proven one, or
        to what was current where none is proven. A switch to the proven release leaves C(previous) as it is.
        So nothing leads back to a release that a killed run never put to the test.
      - V(rolled_back) lets C(current) lead to the previous release. C(previous) stays as it is, so that a second call
        changes nothing. The release that was left is kept until the next switch, unless O(keep) is given and does not
        have it. Without a previous release, as after a first installation, this fails.
      - V(proven) lets C(proven) lead to the current release. Say it once that has passed its health check. Releases
        to which no link led then are removed.
    type: str
    choices: [staged, present, rolled_back, proven]
    default: present
  checksums:
    description:
      - The sha256 of each archive; those for the host's own architecture are chosen. V(sha256:) in front is accepted.
      - C(amd64) and C(arm64) are for the release itself, C(amd64-rocm), C(amd64-mlx), C(arm64-jetpack5) and
        C(arm64-jetpack6) for its overlays.
      - The same version with another sha256 is another release.
    type: dict
    default: {}
  overlays:
    description:
      - Libraries that upstream packs apart, unpacked over the release of the same version. V(rocm) is for AMD GPUs and
        V(mlx) for CUDA 13, both for x86_64; V(jetpack5) and V(jetpack6) are for Jetson boards.
      - The release with other overlays is another release, in another directory, and is switched to like one.
    type: list
    elements: str
    choices: [rocm, mlx, jetpack5, jetpack6]
    default: []
  verify:
    description:
      - Read every file of the release and compare it with its record, which takes a second per gigabyte. Without it
        files are looked up by name, size and mode.
      - What is amiss is mended, by renames, in the directory that serves; what has no place there is removed. A release
        that was proven is so no longer then, until a restart and O(state=proven), since what runs has the files of before.
      - In check mode this finds damage without a request and without changing anything.
    type: bool
    default: false
  allow_release_checksums:
    description:
      - Where O(checksums) has none for the host, take the sha256 from the C(sha256sum.txt) beside the archive.
      - It protects from damage and not from a site that cannot be trusted. A complete release of the version that
        is on the host already is taken as it is.
    type: bool
    default: false
  base_url:
    description:
      - Where releases are. The archive is C(<base_url>/v<version>/ollama-linux-<arch>.tar.zst), and C(.tgz) where the
        version is below 0.14.0.
      - Addresses of C(http), C(https) and C(file) are understood. Proxies are taken from the environment.
    type: str
    default: https://github.com/ollama/ollama/releases/download
  archive:
    description:
      - An archive that is on the host already. It is used in place of a download, and is verified like one.
      - Overlays are taken from the same directory, under upstream's names.
      - A path that ends in C(.tar) is a bundle that M(barellama.fleet.ollama_bundle) wrote, with all of them in it.
    type: path
  idle_timeout:
    description:
      - Seconds of silence after which a connection counts as broken. A download may take as long as it moves.
    type: int
    default: 60
seealso:
  - module: barellama.fleet.ollama_health
    description: Asks whether the new release serves.
  - module: barellama.fleet.ollama_bundle
"""

EXAMPLES = r"""
- name: Make a release current
  barellama.fleet.ollama_release:
    version: "0.34.4"
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533

- name: Have it on disk before the maintenance window
  barellama.fleet.ollama_release:
    version: "0.34.4"
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533
    state: staged

- name: Note that it passed its health check
  barellama.fleet.ollama_release:
    state: proven

- name: Go back to the release before
  barellama.fleet.ollama_release:
    state: rolled_back

- name: Add the libraries for AMD GPUs
  barellama.fleet.ollama_release:
    version: "0.34.4"
    overlays: [rocm]
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533
      amd64-rocm: "{{ sha256_of_ollama_linux_amd64_rocm }}"

- name: Find and mend damage that only a look at every byte shows
  barellama.fleet.ollama_release:
    version: "0.34.4"
    verify: true
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533

- name: Install without a network
  barellama.fleet.ollama_release:
    version: "0.34.4"
    archive: /var/tmp/ollama-linux-amd64.tar.zst
    checksums:
      amd64: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533
"""

RETURN = r"""
release:
  description: The release that O(state) is about.
  returned: success
  type: dict
  contains:
    id:
      description: Name of its directory.
      type: str
      sample: 0.34.4-c238986e
    version:
      description: Its version.
      type: str
      sample: 0.34.4
    sha256:
      description: The sha256 of its archive.
      type: str
      sample: c238986e61d40c0cc5f4a9b9e40b9eea104350b77efa34741fc134e105cb9533
    overlays:
      description: The overlays that were unpacked over it.
      type: list
      elements: str
      sample: [rocm]
    path:
      description: Its directory.
      type: str
      sample: /opt/ollama/releases/0.34.4-c238986e
    previous:
      description: The id that C(previous) leads to, V(none) without one.
      type: str
      sample: 0.32.15-50539c5f
    proven:
      description: Whether C(proven) leads to this release.
      type: bool
      sample: false
    damaged:
      description: The files that were found missing, changed or out of place, relative to its directory.
      type: list
      elements: str
      sample: []
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample:
    - fetch 1.9 GB from https://github.com/ollama/ollama/releases/download/v0.34.4/ollama-linux-amd64.tar.zst
    - unpack 0.34.4-c238986e
    - "switch current: 0.32.15-50539c5f -> 0.34.4-c238986e"
"""

import platform

from ansible_collections.barellama.fleet.plugins.module_utils._archive import Zstd
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._install import Order, reconcile
from ansible_collections.barellama.fleet.plugins.module_utils._module import run
from ansible_collections.barellama.fleet.plugins.module_utils._release import wanted_release
from ansible_collections.barellama.fleet.plugins.module_utils._release_names import OVERLAYS
from ansible_collections.barellama.fleet.plugins.module_utils._release_root import demand_usable
from ansible_collections.barellama.fleet.plugins.module_utils._release_source import sources

INSTALLING = ["staged", "present"]

SPEC = {
    "version": {"type": "str"},
    "release": {"type": "str"},
    "keep": {"type": "list", "elements": "str"},
    "root": {"type": "path", "default": "/opt/ollama"},
    "state": {"type": "str", "choices": [*INSTALLING, "rolled_back", "proven"], "default": "present"},
    "checksums": {"type": "dict", "default": {}},
    "overlays": {"type": "list", "elements": "str", "choices": list(OVERLAYS), "default": []},
    "allow_release_checksums": {"type": "bool", "default": False},
    "base_url": {"type": "str", "default": "https://github.com/ollama/ollama/releases/download"},
    "archive": {"type": "path"},
    "verify": {"type": "bool", "default": False},
    "idle_timeout": {"type": "int", "default": 60},
}


def reconcile_release(module):
    zstd = Zstd(module.get_bin_path, module.run_command)
    return reconcile(order(module.params), zstd, module.check_mode)


def order(options):
    root, state = demand_usable(options["root"]), options["state"]
    if state not in INSTALLING:
        return Order(root, state, release=options["release"], keep=options["keep"])
    if options["idle_timeout"] < 1:
        raise FleetError(f"idle_timeout {options['idle_timeout']} is too short: give at least 1 second")
    own_sums, overlays = options["allow_release_checksums"], options["overlays"]
    wanted = wanted_release(options["version"], options["checksums"], platform.machine(), own_sums, overlays)
    places = sources(options["archive"], options["base_url"], wanted, options["idle_timeout"])
    return Order(root, state, wanted, places, options["verify"], keep=options["keep"])


def main():
    run(SPEC, reconcile_release, required_if=[("state", state, ["version"]) for state in INSTALLING])


if __name__ == "__main__":
    main()
