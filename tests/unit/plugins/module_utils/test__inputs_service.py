# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._inputs_service import problems

METHODS = "is not one of systemd, docker, podman, launchd"
NUMBER = "is not a number from 1 to 4294967293; for example 11434"
OVERLAYS = "there are rocm, mlx, jetpack5, jetpack6; for example [rocm]"
SEALED = "is on the part of macOS that nobody can write; for example"
BAD = [
    ({"ollama_method": "Docker"}, f"ollama_method: 'Docker' {METHODS}; did you mean docker?"),
    ({"ollama_method": None}, f"ollama_method: nothing {METHODS}"),
    ({"ollama_hardening": "none"}, "ollama_hardening: 'none' is not one of standard, strict"),
    ({"ollama_gpu_vendor": ""}, "ollama_gpu_vendor: '' is not one of none, nvidia, amd"),
    ({"ollama_gpu_vendor": "nvida"}, "ollama_gpu_vendor: 'nvida' is not one of none, nvidia, amd; did you mean nvidia?"),
    ({"ollama_gpu_vendor": ["amd"]}, "ollama_gpu_vendor: ['amd'] is not one of none, nvidia, amd"),
    ({"ollama_health_level": 3}, "ollama_health_level: 3 is not one of 2, 4, 5, 6"),
    ({"ollama_health_level": True}, "ollama_health_level: true is not one of 2, 4, 5, 6"),
    *(({"ollama_health_vram_share": share},
       f"ollama_health_vram_share: {words} is not a share, more than 0 and at most 1; for example 0.9")
      for share, words in ((0, "0"), (1.5, "1.5"), ("-1", "'-1'"), (True, "true"), ("all", "'all'"), (None, "nothing"))),
    *(({"ollama_health_tokens_per_second": speed},
       f"ollama_health_tokens_per_second: {words} is not a number from 0 to 1000000; for example 20")
      for speed, words in ((-1, "-1"), ("fast", "'fast'"), (10**7, "10000000"), (float("nan"), "nan"), ([], "[]"))),
    ({"ollama_health_level": 6, "ollama_health_tokens_per_second": 0},
     "ollama_health_level: 6 needs to know how fast is fast enough; set ollama_health_tokens_per_second, for example 20"),
    ({"ollama_uid": 0},
     "ollama_uid: 0 is root's, and whoever breaks into the server would own the host; for example 11434"),
    ({"ollama_uid": "ollama"}, f"ollama_uid: 'ollama' {NUMBER}"),
    ({"ollama_gid": None}, f"ollama_gid: nothing {NUMBER}"),
    ({"ollama_gid": -1}, f"ollama_gid: -1 {NUMBER}"),
    ({"ollama_gid": 2**32 - 1}, f"ollama_gid: 4294967295 {NUMBER}"),
    ({"ollama_gid": "65534"}, "ollama_gid: 65534 is nobody's; for example 11434"),
    ({"ollama_umask": 63}, 'ollama_umask: 63 is not a text, and YAML reads 0077 as 63; write it in quotes, for example "0077"'),
    ({"ollama_umask": "0087"}, 'ollama_umask: \'0087\' is not a umask of three octal digits; for example "0077"'),
    ({"ollama_umask": "u=rwx"}, 'ollama_umask: \'u=rwx\' is not a umask of three octal digits; for example "0077"'),
    ({"ollama_umask": "0777"}, 'ollama_umask: \'0777\' denies the server its own files; for example "0077"'),
    ({"ollama_umask": "0"}, 'ollama_umask: \'0\' is not a umask of three octal digits; for example "0077"'),
    ({"ollama_umask": "0000"},
     'ollama_umask: \'0000\' lets every account of the host change models; for example "0002"'),
    ({"ollama_health_wait": 0}, "ollama_health_wait: 0 is not a number of seconds from 1 to 3600; for example 60"),
    ({"ollama_health_wait": "1m"}, "ollama_health_wait: '1m' is not a number of seconds from 1 to 3600; for example 60"),
    ({"ollama_release_overlays": "rocm"}, f"ollama_release_overlays: 'rocm' is not a list of overlays; {OVERLAYS}"),
    ({"ollama_release_overlays": ["cuda"]},
     f"ollama_release_overlays: ['cuda'] has an overlay that does not exist; {OVERLAYS}"),
    ({"ollama_release_overlays": [["rocm"]]},
     f"ollama_release_overlays: [a list] has an overlay that does not exist; {OVERLAYS}"),
    ({"ollama_release_overlays": ["rocm", "rocm"]},
     "ollama_release_overlays: ['rocm', 'rocm'] names an overlay twice"),
    ({"ollama_release_overlays": ["jetpack6", "jetpack5"]}, "ollama_release_overlays: ['jetpack6', 'jetpack5'] "
     "is for two generations of JetPack; keep the one that the host has"),
    ({"ollama_method": "launchd", "ollama_home": "/usr/share/ollama"},
     f"ollama_home: '/usr/share/ollama' {SEALED} /var/db/ollama"),
    ({"ollama_method": "launchd", "ollama_models_dir": "//System/x"},
     f"ollama_models_dir: '//System/x' {SEALED} /var/db/ollama/models"),
    ({"ollama_method": "launchd", "ollama_instances": [{"name": "a", "gpus": [0]}]},
     "ollama_instances: chooses GPUs, and a Mac has one, which every instance sees; leave gpus out"),
    ({"ollama_method": "launchd", "ollama_instances": "per_gpu"},
     "ollama_instances: chooses GPUs, and a Mac has one, which every instance sees; leave gpus out"),
]


@pytest.mark.parametrize("variables, message", BAD)
def test_a_bad_variable_is_told_in_these_words(variables, message):
    assert problems(variables) == [message]


FINE = [
    {},
    {"ollama_method": "podman", "ollama_hardening": "strict", "ollama_gpu_vendor": "amd", "ollama_health_level": "4"},
    {"ollama_health_level": "6", "ollama_health_tokens_per_second": "20", "ollama_health_vram_share": "0.9"},
    {"ollama_health_level": 5, "ollama_health_tokens_per_second": 0, "ollama_health_vram_share": 1},
    {"ollama_uid": "999", "ollama_gid": 1000000, "ollama_health_wait": "300"},
    *({"ollama_umask": umask} for umask in ("0077", "077", "0027", "0002", "0022")),
    {"ollama_release_overlays": []},
    {"ollama_release_overlays": ["rocm", "mlx"]},
    {"ollama_home": "/usr/share/ollama"},
    {"ollama_method": "launchd", "ollama_home": "/usr/local/ollama", "ollama_instances": [{"name": "a"}]},
]


@pytest.mark.parametrize("variables", FINE)
def test_what_is_right_passes(variables):
    assert problems(variables) == []
