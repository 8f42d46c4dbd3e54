# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._manifests import Manifest
from ansible_collections.barellama.fleet.plugins.module_utils._models_plan import changes, in_order, report
from ansible_collections.barellama.fleet.plugins.module_utils._models_wanted import wanted_models

A, B, C = "a" * 64, "b" * 64, "c" * 64


LISTED = [{"name": "m:latest", "digest": A}, {"name": "Old:1", "digest": B}, {"name": "not a name", "digest": B}]


def plan_of(*models, exact=False):
    return changes(wanted_models(list(models)), LISTED, exact)


def test_nothing_to_do():
    result = report(plan_of("M", {"name": "gone", "state": "absent"}))
    assert (result["changed"], result["actions"]) == (False, [])
    assert [(model["name"], model["found"], model["action"]) for model in result["models"]] == [
        ("M:latest", True, "none"),
        ("gone:latest", False, "none"),
    ]
    assert result["diff"]["before"] == result["diff"]["after"] == f"M:latest {A[:12]}\n"


def test_what_is_missing_is_pulled_and_what_is_unwanted_deleted():
    plan = plan_of("new", {"name": "old:1", "state": "absent"})
    plan[0].after, plan[0].bytes = Manifest("c" * 64), 700
    result = report(plan)
    assert (result["changed"], result["actions"]) == (True, ["pull new:latest", "delete old:1"])
    assert result["diff"] == {"before": f"old:1 {B[:12]}\n", "after": "new:latest cccccccccccc\n"}
    assert result["models"][0] == {
        "name": "new:latest",
        "state": "present",
        "found": False,
        "action": "pull",
        "memory": "none",
        "wanted": None,
        "bytes": 700,
        "seconds": 0.0,
        "digest_before": None,
        "digest_after": "c" * 64,
        "repaired": [],
    }
    assert (result["models"][1]["digest_before"], result["models"][1]["digest_after"]) == (B, None)


PINS = [
    ({"name": "m", "digest": A}, "none", A),
    ({"name": "m", "digest": C}, "pull", None),
    ({"name": "new", "digest": C}, "pull", None),
    ({"name": "m", "update": True}, "pull", None),
    ({"name": "m", "update": False}, "none", A),
]


@pytest.mark.parametrize("entry, action, after", PINS)
def test_what_has_another_digest_or_follows_its_tag_may_have_to_be_pulled(entry, action, after):
    (change,) = plan_of(entry)
    assert (change.action, change.after and change.after.digest) == (action, after)


def test_the_registry_decides_about_a_tag_that_is_followed():
    moved, same = plan_of({"name": "m", "update": True}), plan_of({"name": "m", "update": True})
    moved[0].learn(Manifest(C), 70)
    same[0].learn(Manifest(A), 70)
    assert report(moved)["actions"] == ["pull m:latest"]
    assert (report(same)["changed"], same[0].action, same[0].bytes) == (False, "none", 0)


def test_a_moved_tag_is_told_with_both_digests():
    (change,) = plan_of({"name": "m", "digest": C})
    with pytest.raises(FleetError) as caught:
        change.learn(Manifest(B), 70)
    assert str(caught.value) == (
        f"m:latest: wanted is digest {C}, found in the registry is {B}: the tag has moved; look at what is new and set "
        "digest to it, or name a tag that still has what is wanted"
    )


COPIES = [
    ("m", "new", "copy", A),
    ("m", "Old:1", "copy", A),
    ("away", "new", "copy", None),
]


@pytest.mark.parametrize("model, name, action, after", COPIES)
def test_a_copy_is_due_where_its_model_is_another(model, name, action, after):
    plan = plan_of({"name": name, "copy_of": model}, model)
    assert (plan[0].action, plan[0].after and plan[0].after.digest) == (action, after)


def test_a_copy_that_is_what_its_model_is_stays():
    wanted = wanted_models(["m", {"name": "n", "copy_of": "m"}])
    plan = changes(wanted, [{"name": "m:latest", "digest": A}, {"name": "n:latest", "digest": A}])
    assert report(plan)["actions"] == []


def test_an_exact_list_deletes_the_rest_and_says_from_where_copies_come():
    result = report(plan_of("m", {"name": "n", "copy_of": "m"}, exact=True))
    assert result["actions"] == ["copy n:latest from m:latest", "delete Old:1"]


@pytest.mark.parametrize("name", ["m:local", "m:cloud", "not a name"])
def test_an_exact_list_leaves_names_that_ollama_reads_as_others(name):
    assert len(changes({}, [{"name": name, "digest": A}], exact=True)) == 0


def test_what_failed_is_not_reported_as_done():
    plan = plan_of("new", "m")
    plan[0].failed = True
    assert [model["name"] for model in report(plan)["models"]] == ["m:latest"] and not report(plan)["changed"]


def test_a_digest_that_nobody_told_is_said_so():
    assert report(plan_of("new"))["diff"]["after"] == "new:latest (digest not known)\n"


def test_the_listed_spelling_is_kept_for_the_server():
    assert plan_of({"name": "OLD:1", "state": "absent"})[0].listed_as == "Old:1"


def test_a_repair_changes_the_store_and_not_the_digest():
    plan = plan_of("m")
    plan[0].action, plan[0].repaired = "repair", {C: "corrupt"}
    result = report(plan)
    assert (result["changed"], result["actions"]) == (True, ["repair m:latest"])
    assert result["models"][0]["repaired"] == [{"blob": C, "was": "corrupt"}]
    assert result["diff"] == {"before": f"m:latest {A[:12]} damaged\n", "after": f"m:latest {A[:12]}\n"}


def test_each_comes_after_what_it_is_made_from():
    plan = plan_of({"name": "c", "copy_of": "b"}, {"name": "b", "from": "a", "system": "x"}, {"name": "a", "from": "m", "system": "x"}, "m")
    assert [str(change.name) for change in in_order(plan)] == ["m:latest", "a:latest", "b:latest", "c:latest"]


def test_a_long_line_of_models_is_ordered():
    chain = ["m", *({"name": f"m{number}", "from": f"m{number - 1}" if number else "m"} for number in range(1200))]
    plan = plan_of(*chain[::-1])
    assert [change.name for change in in_order(plan)] == [change.name for change in plan[::-1]]


def test_what_differs_is_shown_on_both_sides():
    change = plan_of({"name": "old:1", "from": "m", "system": "new"}, "m")[0]
    change.settle_creation({"system": ("old\nlines", "new"), "parameters.seed": (None, 7), "license": ("", "MIT")})
    result = report([change])
    assert result["actions"] == ["create old:1 from m:latest"]
    assert result["diff"]["before"] == f'old:1 {B[:12]}\n  system: "old\\nlines"\n'
    assert result["diff"]["after"] == 'old:1 (digest not known)\n  system: "new"\n  parameters.seed: 7\n  license: "MIT"\n'


def test_what_was_made_anew_and_is_the_same_is_no_change():
    change = plan_of({"name": "old:1", "from": "m", "system": "new"}, "m")[0]
    change.settle_creation({"weights": ("abc", "made anew")})
    change.after = change.before
    assert (report([change])["changed"], report([change])["diff"]["after"]) == (False, f"old:1 {B[:12]}\n")
