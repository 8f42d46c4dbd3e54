# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._inputs_models import problems

LIST = "ollama_models_list"
ALLOWED = "ollama_models_allowed_registries"
HOSTS = ["registry.ollama.ai", "hf.co"]
FORM = "write [host/][namespace/]model[:tag], for example llama3.2:1b"

# The ids are the rows of the table of bad inputs that these messages answer.
BAD = [
    ("51", "llama3.2", f"{LIST}: 'llama3.2' is not a list; for example ['llama3.2:3b']"),
    ("51", {"name": "x"}, f"{LIST}: a dictionary is not a list; for example ['llama3.2:3b']"),
    ("52", ["../../etc/passwd"],
     f"{LIST}[0]: model name '../../etc/passwd': invalid characters in the host '..'; {FORM}"),
    ("52", [7], f"{LIST}[0]: 7 is not a model's name; for example 'llama3.2:3b'"),
    ("53", ["m:" + "a" * 81],
     f"{LIST}[0]: model name 'm:{'a' * 81}': the tag has 81 characters, at most 80 are allowed"),
    ("54", ["evil.host/x/y"],
     f"{LIST}[0]: evil.host/x/y:latest comes from the registry evil.host, which is not in {ALLOWED}; "
     "add it there if you trust it"),
    ("55", ["llama3.2", "x", {"name": "LLAMA3.2:latest", "state": "absent"}],
     f"{LIST}[2]: LLAMA3.2:latest is in {LIST}[0] too, as present and as absent; keep one of them"),
    ("56", [{"name": "x", "digest": "abc"}],
     f"{LIST}[0]: digest 'abc' of model x:latest is not a sha256; write its 64 hexadecimal digits"),
    ("key", [{"name": "x", "stat": "absent"}], f"{LIST}[0]: 'stat' is not part of an entry; did you mean state?"),
    ("state", [{"name": "x", "state": "gone"}], f"{LIST}[0]: state 'gone' is neither present nor absent"),
    ("copy", [{"name": "x", "copy_of": "y"}],
     f"{LIST}: x:latest is a copy_of y:latest, which the list does not have as present; list it too"),
]


@pytest.mark.parametrize("models, message", [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_list_is_told_in_these_words(models, message):
    assert problems({LIST: models, ALLOWED: HOSTS}) == [message]


@pytest.mark.parametrize("allowed, shown", [("hf.co", "'hf.co'"), ([5], "[5]"), (5, "5")])
def test_allowed_registries_are_a_list_of_hosts(allowed, shown):
    message = f"{ALLOWED}: {shown} is not a list of hosts; for example ['registry.ollama.ai']"
    assert problems({LIST: [], ALLOWED: allowed}) == [message]


@pytest.mark.parametrize("bundle, volume, problem", [
    ("", "ollama", None),
    ("/srv/ollama.tar", "", None),
    ("ollama.tar", "", "'ollama.tar' is not an absolute path on the host; for example /srv/ollama.tar"),
    (5, "", "5 is not an absolute path on the host; for example /srv/ollama.tar"),
    ("/srv/ollama.tar", "ollama", "the models are in the volume 'ollama', into which nothing is imported; leave ollama_container_volume out"),
])
def test_a_bundle_is_a_path_for_a_store_on_the_host(bundle, volume, problem):
    found = problems({LIST: [], "ollama_models_bundle": bundle, "ollama_container_volume": volume})
    assert found == ([f"ollama_models_bundle: {problem}"] if problem else [])


def test_a_bundle_and_the_tag_are_not_both_followed():
    models = ["m", {"name": "x", "update": True}]
    assert problems({LIST: models, "ollama_models_bundle": "/srv/ollama.tar"}) == [
        f"{LIST}[1]: x:latest has update, and ollama_models_bundle would bring back each time what is in the bundle; leave out one of them"]
    assert problems({LIST: models, "ollama_models_bundle": ""}) == []


FINE = [
    [],
    ["llama3.2", "llama3.2:latest", {"name": "HF.co/Org/Repo:Q4", "state": "present"}],
    [{"name": "evil.host/x/y", "state": "absent"}],
]


@pytest.mark.parametrize("models", FINE)
def test_what_is_right_passes(models):
    assert problems({LIST: models, ALLOWED: HOSTS}) == []


def test_all_entries_are_looked_at():
    assert len(problems({LIST: ["..", "a b", "x:local", "evil.host/a/b"], ALLOWED: HOSTS})) == 4


@pytest.mark.parametrize("allowed_to_empty", [True, False])
def test_an_exact_list_of_nothing_needs_a_word(allowed_to_empty):
    found = problems({LIST: [], ALLOWED: HOSTS, "ollama_models_exact": True, "ollama_models_exact_empty": allowed_to_empty})
    assert (found == []) is allowed_to_empty
    assert all("role variable ollama_models_exact_empty" in words for words in found)
