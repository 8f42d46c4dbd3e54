#!/usr/bin/python

# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_drift
short_description: Tell how a host differs from what is desired
version_added: 0.1.0
author:
  - barellama contributors (@barellama)
description:
  - Takes a list of desired things and says which of them the host does not have as desired, in one call.
  - Only looks. It writes nothing, and needs none of the things or tools that are still to be installed.
  - Symbolic links are never followed. A thing of another type in the place of the desired one is a difference.
  - Owners, groups and users that do not exist yet are differences, not errors.
  - The content of files may hold secrets. It is in no result, and C(-vvv) does not show O(desired).
options:
  desired:
    description:
      - The desired things, each a dictionary with its C(kind) and all fields of that kind.
      - "V(user): C(name), C(group) (primary), C(home), C(shell); optional C(system), C(uid), C(gid), the number of
        C(group), and C(groups_if_present), groups to be in where the host has them."
      - "V(directory): C(path), C(mode), C(owner), C(group); optional C(kept), whether one that was there before keeps its
        mode, owner and group, which is one that no V(record) has as made. Then C(owner) must be able to use it."
      - "V(file): C(path), C(content), C(mode), C(owner), C(group). The content is compared byte by byte."
      - "V(key): C(path), C(mode), C(owner), C(group), C(fingerprints). A file with OpenPGP public keys, as desired when all that
        are in it are among these full fingerprints and none has expired."
      - "V(absent): C(path)."
      - "V(link): C(path), C(target), as the link spells it."
      - "V(package): C(name), without version. Looked up in the databases of dpkg and rpm, whichever the host has."
      - "V(unit): C(name) with its suffix, C(enabled), C(active); optional C(user), whose own systemd is asked then, and
        C(marker), an entry C(NAME=value) that must be in the environment of the unit's main process, or else that
        process was started from another definition.
        A definition that changed since systemd read it is a difference, and so is one of its C(files), paths of
        things of kind V(file) earlier in the list, that differs. A unit that systemd starts again and again because it
        fails is never as desired."
      - "V(engine): C(name) (V(docker), V(podman)); optional C(minimum), the least version, and C(compose), the least
        version of Docker's Compose plugin, both in quotes."
      - "V(container): C(name), C(engine), C(image) as it was given to the engine, C(active); optional C(user), whose
        own containers of a rootless Podman are asked then, and C(marker) and C(files) as a V(unit) has them. One that
        the engine starts again and again is never as desired. Without the engine every container is absent; the
        state of one whose engine does not answer is unknown."
      - "V(volume): C(name), C(engine) (V(docker), V(podman)); optional C(user), as a V(container) has it."
      - "V(image): C(name) with its tag or digest, C(engine), optional C(user), as a V(volume)."
      - "V(launchd): C(name), a service's label; optional C(marker) and C(files) as a V(unit) has them. As desired when
        launchd has it loaded, enabled and running. For macOS, as V(keg)."
      - "V(keg): C(root), C(name), C(version). A program of Homebrew, as desired when C(releases/<version>/bin/<name>)
        below C(root) leads to it."
      - "V(release): C(root), C(version), C(checksums) (C(amd64), C(arm64)), as in M(barellama.fleet.ollama_release);
        optional C(own_sums) (default V(false)), whether the host's architecture may lack a checksum, which is an error
        otherwise, and C(proven), whether it has passed its gate. Nothing is hashed."
      - "V(port): C(address) (an IP address), C(port), C(unit) with its suffix; optional C(user), whose own systemd
        runs the unit. As desired when nobody listens there or on
        a wildcard address that covers it, and when a process of that unit does. Only root can see whose process it is."
      - "V(record): C(path), as in M(barellama.fleet.ollama_record); optional C(definition), the digest that must have
        been proven. Without it, or where it is empty, the record is only read. A file that is no record is an error."
      - A mode is a quoted text of four octal digits. An unknown kind or field is an error.
    type: list
    elements: dict
    required: true
  everything:
    description: Return all desired things under RV(apply), not only those that differ.
    type: bool
    default: false
extends_documentation_fragment:
  - barellama.fleet.attributes
attributes:
  check_mode:
    description:
      - Never changes the host. C(changed) is true only in check mode, and only when something differs.
seealso:
  - module: barellama.fleet.ollama_release
"""

EXAMPLES = r"""
- name: Compare the host with what is wanted
  barellama.fleet.host_drift:
    desired:
      - {kind: user, name: ollama, group: ollama, home: /usr/share/ollama, shell: /bin/false}
      - {kind: directory, path: /etc/ollama, mode: "0755", owner: root, group: root}
      - {kind: file, path: /etc/ollama/default.env, content: "{{ env }}", mode: "0640", owner: root, group: ollama}
      - {kind: package, name: zstd}
      - {kind: unit, name: ollama.service, enabled: true, active: true}
      - {kind: port, address: 127.0.0.1, port: 11434, unit: ollama.service}
  register: probe

- name: Write the file if it differs
  ansible.builtin.copy:
    dest: "{{ item.path }}"
    content: "{{ env }}"
    mode: "{{ item.mode }}"
    owner: "{{ item.owner }}"
    group: "{{ item.group }}"
  loop: "{{ probe.apply.file }}"
  loop_control:
    label: "{{ item.path }}"
"""

RETURN = r"""
differences:
  description: The things that differ, in the order of O(desired).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: The kind of the thing.
      type: str
      returned: always
    name:
      description: Its path or name; a release's root; a port's address and number, such as V(127.0.0.1:11434).
      type: str
      returned: always
    fields:
      description: The fields that differ. C(state) alone where the thing is absent or of another type.
      type: list
      elements: str
      returned: always
    reason:
      description: All that differs, in one line.
      type: str
      returned: always
  sample:
    - kind: file
      name: /etc/ollama/default.env
      fields: [content, group]
      reason: content differs; group is root, not ollama (missing group ollama)
    - kind: port
      name: 127.0.0.1:11434
      fields: [holder]
      reason: port 11434 is held by nginx (pid 812), not by ollama.service
apply:
  description:
    - For every kind the desired things that differ, as they were given but for the content of files; an empty list where none does.
    - Each also has C(found), what was observed in its place. A user has C(groups), those of C(groups_if_present)
      that the host has, and C(found.uid) and C(found.gid), the numbers of the user and of the wanted group,
      none where that is missing. A file has C(found.ours), whether its content says that it is of this collection. A port
      that is held has C(found.holder), the unit or else a process's name, and C(found.pid), none where the holder cannot be seen.
  returned: success
  type: dict
  sample:
    user: []
    directory:
      - kind: directory
        path: /etc/ollama
        mode: "0755"
        owner: root
        group: root
        found: {state: absent}
    file: []
    absent: []
    link: []
    package: []
    unit: []
    engine: []
    container: []
    release: []
    port:
      - kind: port
        address: 127.0.0.1
        port: 11434
        unit: ollama.service
        found: {state: held, holder: nginx, pid: 812}
    record: []
record:
  description: What the thing of kind V(record) says, whether it differs or not.
  returned: when one is desired
  type: dict
  sample:
    state: present
    definition: 5d8c1f
    method: systemd
    version: 0.34.4
    served: [{host: 127.0.0.1, port: 11434, version: 0.34.4}]
    made: [{kind: unit, name: ollama.service}]
    previous: {method: systemd, version: 0.32.15}
    failed: {}
diff:
  description:
    - What differs, as C(--diff) shows it. Of a thing that is absent all wanted fields are shown as new.
    - Digests of definitions, C(BARELLAMA_DEFINITION) and that of a record, are not shown. A difference in nothing else has no entry.
    - Content that is not text or longer than 100 kB is shown by its size and digest.
    - Of a line C(NAME=value) the value is shown as the start of its digest, C(<hidden, sha256 12ab34cd>), where a word
      of the name is C(TOKEN), C(SECRET), C(PASSWORD), C(PASSWD) or C(KEY), or the value has a URL with credentials.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: directory /etc/ollama
      after_header: directory /etc/ollama
      before: ""
      after: "state: directory\nmode: 0755\nowner: root\ngroup: root\n"
    - before_header: /etc/ollama/default.env
      after_header: /etc/ollama/default.env
      before: "OLLAMA_HOST=127.0.0.1:11434\n"
      after: "OLLAMA_HOST=127.0.0.1:11435\n"
"""

from ansible_collections.barellama.fleet.plugins.module_utils._drift import report
from ansible_collections.barellama.fleet.plugins.module_utils._drift_desired import check_desired
from ansible_collections.barellama.fleet.plugins.module_utils._host import Host
from ansible_collections.barellama.fleet.plugins.module_utils._module import run


def probe(module):
    desired = module.params["desired"]
    check_desired(desired)
    result = report(desired, Host(module.run_command).observe(desired), module.params["everything"])
    return {"changed": module.check_mode and bool(result["differences"]), **result}


def main():
    spec = {
        "desired": {"type": "list", "elements": "dict", "required": True},
        "everything": {"type": "bool", "default": False},
    }
    run(spec, probe, hidden=["desired"])


if __name__ == "__main__":
    main()
