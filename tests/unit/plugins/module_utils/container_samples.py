# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance and options as the filters for containers take them."""

from __future__ import annotations

HOME = "/usr/share/ollama"
INSTANCE = {
    "name": "default", "container": "ollama", "host": "127.0.0.1", "port": 11434, "settings": {"num_parallel": 4},
    "env_file": "/etc/ollama/default.env", "home": HOME, "models": f"{HOME}/.ollama/models", "gpus": [], "visible": {},
}
OPTIONS = {
    "engine": "docker", "image": "docker.io/ollama/ollama:0.34.4", "version": "0.34.4", "vendor": "none", "look": "",
    "volume": "", "image_models": "", "uid": 11434, "gid": 11434, "cpus": 0.0, "memory": "", "rootless": False, "umask": "0077",
}
