# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with GPUs, from the files in gpu_hosts/: the cards on their bus, the kernel's files, what their tools answer."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from ansible_collections.barellama.fleet.plugins.module_utils._diagnose_commands import Commands
from ansible_collections.barellama.fleet.plugins.module_utils._gpu_kernel import Kernel

HOSTS = {path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("gpu_hosts").glob("*.json"))}
LIMIT = ["timeout", "-s", "KILL", "30"]


class GpuHost:
    """One of HOSTS below ``root``."""

    def __init__(self, root, host):
        self.root = root
        self.answers = host["commands"]
        self.asked = []
        for slot, card in host["cards"].items():
            folder = f"sys/bus/pci/devices/{slot}"
            vendor, device = card["id"].split(":")
            self.file(f"{folder}/vendor", f"0x{vendor}\n")
            self.file(f"{folder}/device", f"0x{device}\n")
            self.file(f"{folder}/class", f"{card['class']}\n")
            if "config" in card:
                (root / folder / "config").write_bytes(bytes.fromhex(card["config"]))
            if card["driver"]:
                (root / folder / "driver").symlink_to(f"../../../bus/pci/drivers/{card['driver']}")
        for path, content in host["files"].items():
            self.file(path, content)
        self.kernel = Kernel(str(root))
        self.tools = Commands(self.run, str(root))

    def file(self, path, content=""):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(content)

    def run(self, command, **_options):
        """Stands for AnsibleModule.run_command. What has to be asked with a limit must be."""
        limited = command[:4] == LIMIT
        command = " ".join(command[4:] if limited else command)
        assert limited or command.startswith("modinfo "), f"{command} may hang"
        self.asked.append(command)
        for pattern, status, output in self.answers:
            if re.search(pattern, command):
                return status, output, ""
        return 127, "", f"timeout: failed to run command '{command.split()[0]}': No such file or directory"


def garbage(seed, sample):
    """200 texts, the same in every run: a good one cut, doubled, with bytes changed, and mere noise."""
    dice = random.Random(seed)
    alphabet = "\0\t\n\r ,:.[]{}\"'0123456789abcGPUMIGN/A-\u0663\u2028\ud7ff"

    def noise(length):
        return "".join(dice.choice(alphabet) for _place in range(length))

    def damaged():
        text = list(sample)
        for _blow in range(dice.randrange(1, 30)):
            where = dice.randrange(len(text) + 1)
            text[where:where + dice.randrange(3)] = noise(dice.randrange(4))
        return "".join(text)

    makers = [damaged, damaged, lambda: sample[:dice.randrange(len(sample))], lambda: sample * 2 + noise(5),
              lambda: noise(dice.choice((0, 1, 20, 3000))), lambda: sample.replace("0", "9" * 5000), lambda: "[" * 100_000]
    return [dice.choice(makers)() for _round in range(200)]
