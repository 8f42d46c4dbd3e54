# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._inputs_host import problems

GOOD = {
    "ollama_version": "0.34.4",
    "ollama_root": "/opt/ollama",
    "ollama_user": "ollama",
    "ollama_group": "ollama",
    "ollama_home": "/usr/share/ollama",
    "ollama_models_dir": "/usr/share/ollama/.ollama/models",
    "ollama_host": "127.0.0.1",
    "ollama_port": 11434,
    "ollama_settings": {},
    "ollama_extra_env": {},
    "ollama_instances": [{"name": "default"}],
}
EXPOSED = (
    "can be reached from other hosts, and Ollama asks nobody for a password: whoever reaches it may use, change and "
    "delete everything; keep 127.0.0.1, or set ollama_allow_unauthenticated_network: true"
)
UNSAFE = "has a character that is unsafe in a unit file; use letters, digits and / . _ - + , = @"
SYSTEM = "belongs to the system; use a directory of its own, for example"
HIDDEN = "is hidden from the service by its sandbox (ProtectHome); for example"
EXCHANGED = "whose owner could exchange the programs that root runs; for example"
ACCOUNT = "is not a name of lower-case letters, digits, _ and -, at most 32; for example ollama"

# The ids are the rows of the table of bad inputs that these messages answer.
BAD = [
    ("13", {"ollama_root": "opt/ollama"},
     "ollama_root: 'opt/ollama' is not an absolute path; for example /opt/ollama"),
    ("13", {"ollama_root": None}, "ollama_root: nothing is not an absolute path; for example /opt/ollama"),
    ("14", {"ollama_root": "/"}, f"ollama_root: '/' {SYSTEM} /opt/ollama"),
    ("14", {"ollama_root": "//usr/"}, f"ollama_root: '//usr/' {SYSTEM} /opt/ollama"),
    ("14", {"ollama_root": "/opt/ollama/../../usr"},
     "ollama_root: '/opt/ollama/../../usr' goes up by '..'; write /usr"),
    ("14", {"ollama_home": "/usr/share", "ollama_models_dir": "/srv/m"},
     f"ollama_home: '/usr/share' {SYSTEM} /usr/share/ollama"),
    ("16", {"ollama_models_dir": "/opt/ollama/models"},
     "ollama_models_dir: '/opt/ollama/models' is inside ollama_root '/opt/ollama', which holds nothing but releases "
     "and belongs to root; for example /srv/ollama/models"),
    ("16", {"ollama_home": "/opt/ollama/"},
     "ollama_home: '/opt/ollama/' is inside ollama_root '/opt/ollama', which holds nothing but releases "
     "and belongs to root; for example /usr/share/ollama"),
    ("16", {"ollama_home": "/opt/ollama"},
     "ollama_home: '/opt/ollama' is inside ollama_root '/opt/ollama', which holds nothing but releases "
     "and belongs to root; for example /usr/share/ollama"),
    ("16", {"ollama_root": "/data/x/models/", "ollama_models_dir": "/data/x/models"},
     "ollama_models_dir: '/data/x/models' is inside ollama_root '/data/x/models/', which holds nothing but releases "
     "and belongs to root; for example /srv/ollama/models"),
    ("16", {"ollama_root": "/usr/share/ollama/program"},
     f"ollama_root: '/usr/share/ollama/program' is inside ollama_home '/usr/share/ollama', {EXCHANGED} /opt/ollama"),
    ("16", {"ollama_root": "/srv/m/program", "ollama_models_dir": "/srv/m/"},
     f"ollama_root: '/srv/m/program' is inside ollama_models_dir '/srv/m/', {EXCHANGED} /opt/ollama"),
    ("17", {"ollama_models_dir": "/home/me/models"},
     f"ollama_models_dir: '/home/me/models' {HIDDEN} /srv/ollama/models"),
    ("18", {"ollama_models_dir": "/srv/a\nb"}, f"ollama_models_dir: '/srv/a\\x0ab' {UNSAFE}"),
    ("18", {"ollama_models_dir": "/srv/%h"}, f"ollama_models_dir: '/srv/%h' {UNSAFE}"),
    ("18", {"ollama_models_dir": "/srv/a b"}, f"ollama_models_dir: '/srv/a b' {UNSAFE}"),
    ("20", {"ollama_user": "root"},
     "ollama_user: 'root' is refused, since whoever breaks into the server would own the host; for example ollama"),
    ("21", {"ollama_user": "Bad User!"}, f"ollama_user: 'Bad User!' {ACCOUNT}"),
    ("21", {"ollama_group": 5}, f"ollama_group: 5 {ACCOUNT}"),
    ("23", {"ollama_host": "0.0.0.0"}, f"ollama_host: '0.0.0.0' {EXPOSED}"),
    ("23", {"ollama_host": "gpu1.example.com"}, f"ollama_host: 'gpu1.example.com' {EXPOSED}"),
    ("23", {"ollama_instances": [{"name": "a", "host": "::"}]}, f"ollama_instances[a].host: '::' {EXPOSED}"),
    ("24", {"ollama_host": "localhost:99999"},
     "ollama_host: 'localhost:99999' has a port in it; write the address alone and set ollama_port "
     "(99999 is out of range, and Ollama would silently use its default)"),
    ("25", {"ollama_host": "http://x/path"},
     "ollama_host: 'http://x/path' has a scheme or a path, which a server does not listen on; write the address alone"),
    ("26", {"ollama_port": "11434 "},
     "ollama_port: '11434 ' is not a whole number; write it without quotes, for example 11434"),
    ("26", {"ollama_port": 11434.0},
     "ollama_port: 11434.0 is not a whole number; write it without quotes, for example 11434"),
    ("33", {"ollama_settings": {"num_parallel": 0}},
     "ollama_settings.num_parallel: 0 is not a whole number from 1 to 1024; for example 4"),
    ("33", {"ollama_instances": [{"name": "a", "settings": {"num_parallel": 0}}]},
     "ollama_instances[a].settings.num_parallel: 0 is not a whole number from 1 to 1024; for example 4"),
    ("38", {"ollama_settings": {"kv_cache_type": "q8_0"},
            "ollama_instances": [{"name": "a", "settings": {"flash_attention": False}}]},
     "ollama_instances[a].settings.kv_cache_type: 'q8_0' has no effect while flash_attention is false; "
     "set flash_attention: true, or leave kv_cache_type out"),
    ("38", {"ollama_settings": {"kv_cache_type": "q8_0", "flash_attention": False}},
     "ollama_settings.kv_cache_type: 'q8_0' has no effect while flash_attention is false; "
     "set flash_attention: true, or leave kv_cache_type out"),
    ("48", {"ollama_extra_env": {"LD_PRELOAD": "/x"}},
     "ollama_extra_env: LD_PRELOAD is refused, since it changes what the service runs or who it is; delete it"),
    ("type", {"ollama_instances": "default"},
     "ollama_instances: 'default' is not a list of instances; for example [{name: default}]"),
    ("type", {"ollama_settings": None}, "ollama_settings: nothing is not a dictionary; for example {num_parallel: 4}"),
    ("type", {"ollama_extra_env": None},
     "ollama_extra_env: nothing is not a dictionary; for example {CUDA_CACHE_MAXSIZE: 1073741824}"),
    ("type", {"ollama_instances": None},
     "ollama_instances: nothing is not a list of instances; for example [{name: default}]"),
    ("gpus", {"ollama_instances": [{"name": "a", "gpus": [0]}]},
     "ollama_instances[a].gpus: does not say whose they are; set ollama_gpu_vendor: nvidia or amd"),
    ("gpus", {"ollama_instances": [{"name": "a", "gpus": [0]}], "ollama_gpu_vendor": "nvidia",
              "ollama_settings": {"cuda_visible_devices": -1}},
     "ollama_instances[a].gpus: and the setting cuda_visible_devices both choose the GPUs; keep gpus"),
    ("gpus", {"ollama_gpu_vendor": "amd",
              "ollama_instances": [{"name": "a", "gpus": [0]}, {"name": "b", "port": 2, "gpus": [0]}]},
     "ollama_instances[b].gpus: 0 is also a GPU of ollama_instances[a]; give each instance its own, "
     "or set ollama_allow_gpu_sharing: true"),
    ("gpus", {"ollama_instances": "per_gpu"},
     "ollama_instances: per_gpu needs this host's GPUs, and none are known; "
     "list the instances, for example [{name: gpu0, gpus: [0]}]"),
    ("strict", {"ollama_hardening": "strict", "ollama_host": "10.0.0.5", "ollama_allow_unauthenticated_network": True},
     "ollama_host: '10.0.0.5' can be reached from other hosts, against ollama_hardening: strict, whose server has no "
     "network; keep 127.0.0.1 and put a proxy in front, or choose standard"),
    ("type", {"ollama_settings": [], "ollama_instances": [{"name": "a", "settings": {"num_parallel": 1}}]},
     "ollama_settings: [] is not a dictionary; for example {num_parallel: 4}"),
]


@pytest.mark.parametrize("changed, message", [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_variable_is_told_in_these_words(changed, message):
    assert problems({**GOOD, **changed}) == [message]


PLACES = (
    "/etc /boot /dev /proc /sys /run /bin /sbin /lib /lib64 /usr/bin /usr/sbin /usr/lib /usr/local/bin /usr/local/sbin "
    "/usr/local/lib /var/log /var/lib/dpkg /var/lib/rpm /var/lib/docker /var/lib/containers /var/lib/systemd "
    "/var/cache /var/spool".split()
)
NOT_HERE = [(place, SYSTEM, SYSTEM) for place in ("/opt", "/srv", "/usr/share", "/var/lib", "/home", "/tmp")]
NOT_HERE += [(path, SYSTEM, SYSTEM) for place in PLACES for path in (place, f"{place}/ollama/x")]
NOT_HERE += [(path, HIDDEN, HIDDEN) for path in ("/home/me", "/root/x")]
NOT_HERE += [
    (path, "is cleaned when the host boots; for example",
     "is hidden from the service by its sandbox (PrivateTmp); for example")
    for path in ("/tmp/x", "/var/tmp", "/var/tmp/x/y")
]


@pytest.mark.parametrize("path, of_root, of_data", NOT_HERE)
def test_a_place_that_is_taken_is_refused_for_all_three(path, of_root, of_data):
    for name, example, words in (("ollama_root", "/opt/ollama", of_root), ("ollama_home", "/usr/share/ollama", of_data),
                                 ("ollama_models_dir", "/srv/ollama/models", of_data)):
        assert problems({**GOOD, name: path}) == [f"{name}: '{path}' {words} {example}"]


FINE = [
    {},
    {"ollama_root": "/var/lib/ollama", "ollama_home": "/srv/x", "ollama_models_dir": "/data/x"},
    {"ollama_root": "/data/etc", "ollama_home": "/var/lib/ollama", "ollama_models_dir": "/usr/share/ollama"},
    {"ollama_root": "/usr/share/ollama-program", "ollama_home": "/etcetera", "ollama_models_dir": "/tmpfs/x"},
    {"ollama_root": "/opt/ollama/", "ollama_home": "/opt/ollama-home", "ollama_models_dir": "/data/models/"},
    {"ollama_host": "0.0.0.0", "ollama_allow_unauthenticated_network": True},
    {"ollama_instances": [{"name": "a", "host": "::"}], "ollama_allow_unauthenticated_network": "true"},
    {"ollama_hardening": "strict", "ollama_host": "::1"},
    {"ollama_hardening": "strict", "ollama_method": "docker", "ollama_host": "::", "ollama_allow_unauthenticated_network": True},
    {"ollama_port": "11500"},
    {"ollama_gpu_vendor": "amd", "ollama_allow_gpu_sharing": "true",
     "ollama_instances": [{"name": "a", "gpus": [0]}, {"name": "b", "port": 2, "gpus": [0]}]},
    {"ollama_instances": [{"name": "a"}, {"name": "b", "port": 11435, "settings": {"cuda_visible_devices": [1]}}]},
]


def test_per_gpu_is_fine_where_the_gpus_are_known():
    gpus = [{"index": 0, "uuid": "GPU-1", "vendor": "nvidia"}]
    assert problems({**GOOD, "ollama_instances": "per_gpu", "ollama_gpu_vendor": "none"}, gpus) == []


@pytest.mark.parametrize("changed", FINE)
def test_what_is_right_or_opted_into_passes(changed):
    assert problems({**GOOD, **changed}) == []
