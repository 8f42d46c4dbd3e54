# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms

from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import run
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.puller import (
    BODY,
    CONFIG_DIGEST,
    DIGEST,
    LICENSE_DIGEST,
    OWN,
    SYSTEM_DIGEST,
    WEIGHTS_DIGEST,
    Puller,
    calls,
    damage,
    verify,
)
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.store_bed import Store


@pytest.fixture(name="puller")
def _puller(tmp_path, serve, reply):
    return Puller(Store(tmp_path / "models"), serve(reply(body=BODY)).address)


def test_a_sound_model_is_read_and_no_registry_asked(puller):
    assert verify(puller.have())["changed"] is False
    assert calls(puller) == ["tags"]


def test_a_plan_says_the_same_and_touches_nothing(puller):
    damage(puller.have(), "corrupt")
    before = puller.store.tree()
    planned = verify(puller, check_mode=True)
    assert puller.store.tree() == before and set(calls(puller)) == {"tags", "version"}
    done = verify(puller)
    assert (planned["actions"], planned["diff"]) == (done["actions"], done["diff"])


def test_a_plan_for_a_bare_host_has_nothing_to_read(puller, tmp_path):
    terms = Terms(insecure=True, registry_timeout=2, store=str(tmp_path / "none"), verify=True)
    assert run(puller, puller.name, terms=terms, check_mode=True)["actions"] == [f"pull {puller.name}"]
    with pytest.raises(FleetError, match="no store at"):
        run(puller, puller.name, terms=terms)


def test_what_no_registry_has_is_told_and_left(puller, serve, reply):
    gone = Puller(puller.store, serve(reply(404)).address).have()
    damage(gone, "corrupt")
    with pytest.raises(FleetError) as caught:
        verify(gone)
    assert str(caught.value) == (
        f"1 models could not be verified or repaired: {gone.name}: blob sha256-{WEIGHTS_DIGEST[:12]} of 7.0 kB is corrupt, "
        f"cannot be fetched again: registry {gone.name.partition('/')[0]} has no {gone.name}: check the name"
    )
    assert gone.store.blob_path(WEIGHTS_DIGEST).exists() and calls(gone) == ["tags", "version"]


def test_a_tag_that_has_moved_is_not_followed(puller, serve, reply):
    moved = Puller(puller.store, serve(reply(body=BODY.replace(CONFIG_DIGEST.encode(), LICENSE_DIGEST.encode()))).address).have()
    damage(moved, "corrupt")
    with pytest.raises(FleetError, match="the tag has moved in the registry; set update: true"):
        verify(moved)
    assert "pull" not in calls(moved)


def test_a_model_of_ones_own_is_whole_again_with_the_one_it_was_made_of(puller):
    own = "127.0.0.1:1/own/one:latest"
    puller.have().store.file("manifests/127.0.0.1:1/own/one/latest", BODY)
    puller.there[own] = DIGEST
    damage(puller, "corrupt")
    assert verify(puller, puller.name, own)["actions"] == [f"repair {puller.name}"]
    damage(puller, "corrupt", LICENSE_DIGEST)
    with pytest.raises(FleetError, match="own/one:latest: blob sha256-.* is corrupt, cannot be fetched again"):
        verify(puller, own)


def test_a_model_that_is_still_to_be_made_has_nothing_to_read(puller, tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    assert verify(puller.have(), {"name": "new", "gguf": str(tmp_path / "a.gguf")}, check_mode=True)["models"][0]["action"] == "create"


def test_the_store_of_another_server_is_told(puller, tmp_path):
    other = Store(tmp_path / "other")
    puller.have().store = other
    with pytest.raises(FleetError, match=f"demo/tiny:latest is not in {other}; give the store that this server has"):
        verify(puller)


def test_what_may_not_be_read_is_left_alone(puller):
    puller.have().store.blob_path(LICENSE_DIGEST).unlink()
    puller.store.blob_path(LICENSE_DIGEST).mkdir()
    with pytest.raises(FleetError, match=r"is unreadable \(a directory\), run this task as root"):
        verify(puller)


def test_what_is_yet_to_be_made_is_no_stranger(puller):
    result = verify(puller.have(), puller.name, {"name": "g", "gguf": "/g.gguf"}, check_mode=True)
    assert result["actions"] == ["create g:latest from /g.gguf"]


def test_what_was_made_here_is_asked_of_nobody_and_needs_what_it_was_made_of(puller, tmp_path):
    damage(puller.have(), "corrupt")
    mine = {"name": puller.name, "gguf": str(tmp_path / "a.gguf")}
    with pytest.raises(FleetError, match="tiny:latest: blob sha256-.* is corrupt, cannot be made again: .*a.gguf is not there; copy it"):
        verify(puller, mine, check_mode=True)
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    assert verify(puller, mine, check_mode=True)["actions"] == [f"create {puller.name} from {tmp_path}/a.gguf"]
    assert set(calls(puller)) <= {"tags", "show"}


def test_what_is_made_from_a_model_that_stays_damaged_stays_so_too(puller, serve, reply):
    gone = Puller(puller.store, serve(reply(404)).address).have()
    both = gone.name, {**OWN, "from": gone.name}
    verify(gone, *both)
    damage(gone, "corrupt")
    damage(gone, "corrupt", SYSTEM_DIGEST)
    another = {"name": "new", "from": gone.name}
    with pytest.raises(FleetError, match="^2 models could not .*; mine:latest: blob .*, blob .* is corrupt, made from .*, which has to be whole first$"):
        verify(gone, *both, another)
    assert gone.store.blob_path(SYSTEM_DIGEST).exists() and "new:latest" not in gone.there


@pytest.fixture(name="guarded")
def _guarded(puller, serve, reply):
    """A model in a registry that tells nothing to an anonymous caller."""
    return Puller(puller.store, serve(reply(401, headers={"WWW-Authenticate": 'Basic realm="models"'})).address).have()


@pytest.mark.parametrize("was", ["missing", "truncated", "corrupt"])
def test_where_a_login_is_wanted_the_server_that_has_one_fetches_it(guarded, was):
    damage(guarded, was)
    assert verify(guarded, check_mode=True)["actions"] == [f"repair {guarded.name}"] and "pull" not in calls(guarded)
    result = verify(guarded)
    assert result["models"][0]["repaired"] == [{"blob": WEIGHTS_DIGEST, "was": was}] and guarded.fetched == [WEIGHTS_DIGEST]
    assert verify(guarded)["changed"] is False


def test_a_server_that_has_none_says_so_and_the_blob_stays(guarded):
    damage(guarded, "corrupt")
    guarded.refusal = "pull model manifest: unauthorized: access denied"
    with pytest.raises(FleetError) as caught:
        verify(guarded)
    registry = guarded.name.partition("/")[0]
    assert str(caught.value) == (
        f"1 models could not be verified or repaired: {guarded.name}: blob sha256-{WEIGHTS_DIGEST[:12]} of 7.0 kB is corrupt, "
        f"cannot be fetched again: registry {registry} wants a login for {guarded.name} that an anonymous caller cannot give, and "
        f"Ollama cannot either: pull of {guarded.name} failed: pull model manifest: unauthorized: access denied: "
        "the registry does not let this server in; register its public key there"
    )
    assert guarded.store.blob_path(WEIGHTS_DIGEST).exists() and calls(guarded).count("pull") == 1


def test_a_tag_that_only_the_server_sees_to_have_moved_is_not_followed(guarded):
    damage(guarded, "corrupt")
    guarded.offers = (CONFIG_DIGEST, "f" * 64)
    with pytest.raises(FleetError, match="Ollama cannot either: .*: the tag has moved in the registry; set update: true"):
        verify(guarded)
    assert guarded.fetched == [] and guarded.store.blob_path(WEIGHTS_DIGEST).exists()
