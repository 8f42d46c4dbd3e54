# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._release import Archive, Release
from ansible_collections.barellama.fleet.plugins.module_utils._release_plan import (
    Seen,
    known_release,
    plan_install,
    plan_proof,
    plan_rollback,
)

A, B, C = (Release(version, "asset", digit * 64) for version, digit in (("0.1.0", "a"), ("0.2.0", "b"), ("0.3.0", "c")))


def found(release, complete=True):
    told = {"id": release.id, "version": release.version, "sha256": release.sha256, "overlays": release.overlay_sums}
    return {**told, "complete": complete, "damaged": [] if complete else ["bin/ollama"]}


def seen(current=None, previous=None, releases=(), leftovers=(), partials=(), proven=None):
    """What a host has; links lead to complete releases, which are there."""
    there = {release.id: found(release) for release in {current, previous, proven, *releases} - {None}}
    return Seen(
        current and found(current),
        previous and found(previous),
        proven and found(proven),
        there,
        list(leftovers),
        {sha: (path, 1) for sha, path in partials},
    )


def test_first_release():
    plan = plan_install(A, seen(), switch=True)
    assert plan.actions(["fetch it"]) == ["fetch it", "unpack 0.1.0-aaaaaaaa", "switch current: none -> 0.1.0-aaaaaaaa"]
    assert plan.previous is None
    assert plan.diff == {
        "before": "current: none\nprevious: none\nproven: none\n",
        "after": "current: 0.1.0-aaaaaaaa\nprevious: none\nproven: none\nrelease: 0.1.0-aaaaaaaa\n",
    }


def test_nothing_to_do():
    plan = plan_install(A, seen(A, B), switch=True)
    assert not plan.changed
    assert plan.actions([]) == []
    assert plan.diff["before"] == plan.diff["after"]
    assert plan.previous == B.id


def test_third_release_retires_the_first():
    plan = plan_install(C, seen(B, A), switch=True)
    assert plan.actions(["fetch it"]) == [
        "fetch it",
        "unpack 0.3.0-cccccccc",
        "switch current: 0.2.0-bbbbbbbb -> 0.3.0-cccccccc",
        "remove release 0.1.0-aaaaaaaa",
    ]
    assert plan.diff == {
        "before": "current: 0.2.0-bbbbbbbb\nprevious: 0.1.0-aaaaaaaa\nproven: none\n"
        "release: 0.1.0-aaaaaaaa\nrelease: 0.2.0-bbbbbbbb\n",
        "after": "current: 0.3.0-cccccccc\nprevious: 0.2.0-bbbbbbbb\nproven: none\n"
        "release: 0.2.0-bbbbbbbb\nrelease: 0.3.0-cccccccc\n",
    }


def test_staged_leaves_links_and_releases_alone():
    plan = plan_install(C, seen(B, A), switch=False)
    assert plan.actions(["fetch it"]) == ["fetch it", "unpack 0.3.0-cccccccc"]
    assert "current: 0.2.0-bbbbbbbb\nprevious: 0.1.0-aaaaaaaa\n" in plan.diff["after"]


def test_staged_before_needs_no_fetch():
    assert plan_install(C, seen(B, None, [C]), switch=True).actions([]) == [
        "switch current: 0.2.0-bbbbbbbb -> 0.3.0-cccccccc"
    ]


def test_a_release_staged_for_later_outlives_a_call_that_changes_nothing():
    assert not plan_install(B, seen(B, A, [C]), switch=True).changed


def test_back_to_the_previous_by_version():
    plan = plan_install(A, seen(B, A), switch=True)
    assert plan.actions([]) == ["switch current: 0.2.0-bbbbbbbb -> 0.1.0-aaaaaaaa"]
    assert plan.previous == B.id


def test_same_version_with_another_sum_is_another_release():
    other = A._replace(sha256="d" * 64)
    assert plan_install(other, seen(A), switch=True).actions(["fetch it"])[-1] == (
        "switch current: 0.1.0-aaaaaaaa -> 0.1.0-dddddddd"
    )


def test_damaged_current_is_installed_again_and_never_becomes_previous():
    damaged = seen(B, A)._replace(current=found(B, False), releases={B.id: found(B, False), A.id: found(A)})
    assert plan_install(B, damaged, switch=True).actions(["fetch it"]) == [
        "fetch it",
        "mend 0.2.0-bbbbbbbb: bin/ollama",
    ]
    assert plan_install(C, damaged, switch=True).previous == A.id


def test_leftovers_and_partial_files():
    there = seen(B, leftovers=[".staging-x"], partials=[(A.sha256, "downloads/a"), (B.sha256, "downloads/b")])
    assert plan_install(B, there, switch=True).actions([]) == [
        "remove leftover .staging-x",
        "remove leftover downloads/a",
        "remove leftover downloads/b",
    ]
    assert plan_install(A, there, switch=False).leftovers == [".staging-x", "downloads/b"]


def test_rollback():
    plan = plan_rollback(seen(B, A))
    assert plan.actions([]) == ["switch current: 0.2.0-bbbbbbbb -> 0.1.0-aaaaaaaa"]
    assert plan.previous == A.id
    assert not plan_rollback(seen(A, A, [B])).changed


def test_rollback_of_a_damaged_current():
    there = seen(B, A)
    assert plan_rollback(there._replace(current=found(B, False))).changed


@pytest.mark.parametrize("plan", [plan_rollback, plan_proof])
def test_half_a_link_is_removed_before_the_link_is_written(plan):
    assert plan(seen(B, A, leftovers=[".current.new"])).actions([])[0] == "remove leftover .current.new"


def test_proof():
    plan = plan_proof(seen(B, A, proven=A))
    assert plan.changed and plan.proven == B.id and plan.previous == A.id
    assert plan.actions([]) == ["switch proven: 0.1.0-aaaaaaaa -> 0.2.0-bbbbbbbb"]
    assert plan.links == [("proven", B.id)]
    assert "previous: 0.1.0-aaaaaaaa\nproven: 0.1.0-aaaaaaaa\n" in plan.diff["before"]
    assert plan.diff["after"] == plan.diff["before"].replace("proven: 0.1.0-aaaaaaaa", "proven: 0.2.0-bbbbbbbb")
    assert not plan_proof(seen(B, A, proven=B)).changed


@pytest.mark.parametrize(
    ("host", "wanted", "previous", "retired"),
    [
        (seen(B, A, proven=A), C, A, [B]),
        (seen(B, A, proven=B), C, B, [A]),
        (seen(B, None, [A], proven=A)._replace(proven=found(A, False)), C, B, []),
        (seen(B, A, proven=A), A, A, [B]),
        (seen(B, None, proven=A), A, None, [B]),
        (seen(A, A, proven=B), B, A, []),
        (seen(A, A, [B], proven=A), B, A, []),
    ],
    ids=[
        "over an unproven one",
        "over the proven one",
        "what is proven is damaged, and kept all the same",
        "back to the proven one",
        "back to the proven one, with nothing before",
        "forward again after a rollback",
        "once more after a rollback by the gate",
    ],
)
def test_a_switch_keeps_the_way_back_to_what_is_proven(host, wanted, previous, retired):
    plan = plan_install(wanted, host, switch=True)
    assert plan.previous == (previous and previous.id)
    assert plan.retire == [release.id for release in retired]
    assert plan.proven == host.proven["id"]


def test_what_is_kept_outlives_a_switch_and_goes_once_its_successor_is_proven():
    assert plan_install(C, seen(B, A, proven=B), switch=True, keep=[A.id]).retire == []
    assert plan_proof(seen(C, B, [A], proven=B)).retire == [A.id]
    assert plan_proof(seen(C, B, [A], proven=C)).retire == []


def test_a_rollback_to_a_release_by_its_id_lets_the_bad_one_go():
    plan = plan_rollback(seen(C, B, [A], proven=B), B.id, [A.id, B.id])
    assert plan.actions([]) == ["switch current: 0.3.0-cccccccc -> 0.2.0-bbbbbbbb", "remove release 0.3.0-cccccccc"]
    back = plan_rollback(seen(B, B, [A], proven=B), A.id, [A.id, B.id])
    assert (back.target, back.previous, back.retire) == (A.id, B.id, [])
    assert not plan_rollback(seen(B, A, [C], proven=B), B.id, []).changed
    assert plan_rollback(seen(C, B, [A], proven=B)).retire == []


@pytest.mark.parametrize("host", [seen(B), seen(B)._replace(releases={A.id: found(A, False)})])
def test_a_release_to_go_back_to_has_to_be_there(host):
    with pytest.raises(FleetError, match=f"^release {A.id} is no longer on this host, or not complete; "):
        plan_rollback(host, A.id)


def test_links_are_written_in_the_order_that_survives_a_kill():
    assert plan_install(C, seen(B, A), switch=True).links == [("previous", B.id), ("current", C.id)]
    assert plan_install(A, seen(), switch=True).links == [("current", A.id)]
    assert plan_install(C, seen(B, A), switch=False).links == []


@pytest.mark.parametrize(
    ("plan", "link", "goal"), [(plan_proof, "current", "call proven"), (plan_rollback, "previous", "roll back to")]
)
@pytest.mark.parametrize(
    ("release", "leads_to"), [(None, "no release"), (found(A, False), "0.1.0-aaaaaaaa, which is not complete")]
)
def test_nothing_behind_a_link(plan, link, goal, release, leads_to):
    with pytest.raises(FleetError) as caught:
        plan(seen(B)._replace(**{link: release}))
    assert str(caught.value) == f"nothing to {goal}: {link} leads to {leads_to}; install the wanted version with state=present"


def test_known_release():
    unknown = A._replace(sha256=None)
    assert known_release(unknown, seen(A, B)) == A
    assert known_release(unknown, seen(B, None, [A])) == A
    assert known_release(unknown, seen(B)) == unknown
    assert known_release(A, seen(B)) == A
    other = A._replace(sha256="0" * 64)
    assert known_release(unknown, seen(A, None, [other])) == A


ROCM = A._replace(overlays=(Archive("rocm", "overlay", "e" * 64),))


def test_an_overlay_makes_another_release():
    plan = plan_install(ROCM, seen(A), switch=True)
    assert plan.actions(["fetch it"])[1:] == [
        "unpack 0.1.0-aaaaaaaa+rocm-eeeeeeee",
        "switch current: 0.1.0-aaaaaaaa -> 0.1.0-aaaaaaaa+rocm-eeeeeeee",
    ]
    assert plan.previous == A.id
    assert not plan_install(ROCM, seen(ROCM), switch=True).changed
    assert plan_install(A, seen(ROCM), switch=True).changed


def test_partial_files_of_overlays_are_kept():
    there = seen(A, partials=[("e" * 64, "downloads/e"), ("f" * 64, "downloads/f")])
    assert plan_install(ROCM, there, switch=True).leftovers == ["downloads/f"]


def test_known_overlays():
    unknown = ROCM._replace(sha256=None, overlays=(ROCM.overlays[0]._replace(sha256=None),))
    assert known_release(unknown, seen(ROCM)) == ROCM
    assert known_release(unknown, seen(A)) == unknown


def test_much_damage_is_told_short():
    damaged = {**found(A, complete=False), "damaged": ["a", "b", "c", "d", "e"]}
    plan = plan_install(A, seen(A)._replace(releases={A.id: damaged}), switch=True)
    assert plan.mends == damaged["damaged"]
    assert plan.actions([]) == ["mend 0.1.0-aaaaaaaa: a, b, c and 2 more"]
