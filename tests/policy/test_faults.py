# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may go wrong with downloads, disks and stores, what may be wrong with a list of models or with GPUs, and where it is tested that it does no harm.

Each row is a fault, or a bad input, and the tests that make it: a function of a unit test, or the first words of a task
of an integration target.
"""

from __future__ import annotations

import pytest

from .repo import ROOT

FAULTS = {
    "disk full where releases are downloaded, foreseen": ["_install::test_no_space_to_fetch", "_fetch::test_no_space_no_byte"],
    "disk full or read-only while a release is downloaded or unpacked": ["_install::test_trouble_of_the_disk_is_one_line"],
    "disk full in the store, foreseen": [
        "ollama_models_module/refused: A disk that is too small",
        "_models_space::test_models_that_do_not_fit_are_told_with_figures",
    ],
    "disk full in the store during a pull": ["ollama_models_module/faults: Disks that the server cannot write"],
    "a blob that is short although the server says success": ["_models_repair::test_what_comes_damaged_is_found_and_moved_aside"],
    "the store becomes read-only, or another's": [
        "ollama_models_module/faults: Disks that the server cannot write",
        "_pull::test_stops_where_a_second_try_is_hopeless",
    ],
    "the download site answers 500, 502, 503, 504": ["_fetch::test_troubled_site_is_asked_again", "_fetch::test_patience_ends"],
    "it answers 429 with Retry-After": ["_fetch::test_retry_after_is_honoured_within_reason"],
    "it falls silent": ["_fetch::test_stalled_download_goes_on_where_it_stopped", "_fetch::test_stall_before_the_first_byte"],
    "it ends the answer early": ["_fetch::test_cut_download_goes_on_where_it_stopped", "_fetch::test_cuts_without_end"],
    "it sends the right number of wrong bytes": [
        "_fetch::test_wrong_bytes_once",
        "_fetch::test_wrong_bytes_always",
        "ollama_release/faults: The site sends wrong bytes",
    ],
    "it ignores ranges": ["_fetch::test_site_without_ranges_sends_the_whole_file"],
    "the file is another one when the download goes on": [
        "_fetch::test_wrong_start_is_fetched_anew",
        "_fetch::test_partial_file_longer_than_the_file",
    ],
    "a manifest in the registry is malformed, huge or of another kind": [
        "_registry::test_nonsense_is_no_verdict",
        "_registry::test_what_is_huge_deep_or_leads_elsewhere_is_no_manifest",
        "_manifests::test_refuses_what_is_none",
    ],
    "it is not the one that is pinned": [
        "_models_plan::test_a_moved_tag_is_told_with_both_digests",
        "ollama_models_module/digest: A moved tag",
    ],
    "a blob is not what its digest says at the registry": [
        "ollama_models_module/faults: The blob host sends wrong bytes once",
        "_pull::test_tries_again_what_can_pass",
    ],
    "the registry leads to an address within": [
        "_web::test_never_from_the_outside_to_an_address_within",
        "_registry::test_a_realm_on_another_host_is_not_asked",
    ],
    "a digest that is a path": [
        "_manifests::test_refuses_what_is_none",
        "_registry::test_what_is_huge_deep_or_leads_elsewhere_is_no_manifest",
    ],
    "an archive that would write elsewhere, or without end": ["_archive::test_member_refused_and_nothing_written_outside"],
    "a part file of a download is empty or lost": [
        "_store_partials::test_what_a_real_server_left_is_known",
        "_models_repair::test_a_download_that_is_stuck_is_removed_and_no_other",
        "ollama_models_module/verify: Downloads that no pull could take up",
    ],
    "a manifest in the store is empty": [
        "ollama_models_module/verify: Empty a manifest, as a crash does",
        "_store_models::test_what_is_no_manifest_is_told",
    ],
    "a blob in the store is missing, truncated or corrupt": [
        "_models_repair::test_only_the_bad_blob_is_fetched_again",
        "ollama_models_module/verify: Damage it, have it repaired",
        "_store_report::test_each_finding_is_one_line_with_its_cure",
    ],
    "a text of a model that was made here is missing, truncated or corrupt": [
        "_models_repair::test_a_text_of_a_model_that_is_made_here_is_written_anew",
    ],
    "a registry tells nothing without a login": [
        "_models_damage::test_where_a_login_is_wanted_the_server_that_has_one_fetches_it",
        "_models_damage::test_a_server_that_has_none_says_so_and_the_blob_stays",
        "ollama_models_module/login: Ask a registry that wants a login",
    ],
    "no room for a file that is sent, foreseen": [
        "_models_space::test_a_model_that_cannot_be_made_for_want_of_room_is_told_with_the_file",
        "ollama_models_module/gguf: Other weights and a disk that is too small",
    ],
    "a run that makes a model is killed": ["ollama_models_module/gguf: Kill a run that makes a model, and run again"],
    "a run that repairs is killed": [
        "_models_repair::test_after_a_kill_at_any_point_the_next_run_repairs",
        "_store_prune::test_a_run_that_is_killed_at_any_point_is_finished_by_the_next",
    ],
}

BAD_INPUTS = {
    "a text in place of a list": ["_models_wanted::test_refuses_in_these_words", "ollama_models_module/refused: Give bad options"],
    "a name with a path in it, or with a tag that is too long": ["_names::test_refuses_what_ollama_calls_invalid"],
    "a registry that nobody allowed": ["_models_rules::test_refuses_foreign_registries"],
    "a name twice, with two digests": ["_models_wanted::test_refuses_in_these_words"],
    "a digest that is none": ["_models_wanted::test_refuses_in_these_words", "ollama_models_module/refused: Give bad options"],
    "an exact list of nothing": ["_models_rules::test_an_exact_list_of_nothing_needs_a_word"],
    "more than fits on the disk": ["ollama_models_module/refused: A disk that is too small"],
    "a GPU that the host does not have": ["_instances_gpus::test_gpus_that_cannot_be_are_told_in_these_words"],
    "a GPU twice, or by index and by UUID": [
        "_instances_gpus::test_gpus_that_cannot_be_are_told_in_these_words",
        "_instances_gpus::test_two_instances_with_one_gpu_are_refused_unless_allowed",
        "_settings::test_a_bad_setting_is_told_in_these_words",
    ],
    "a vendor whose GPUs the host does not have": [
        "_driver_refusals::test_what_would_not_work_is_told_in_one_line_with_what_to_do",
        "_runtime_plan::test_what_cannot_be_is_refused_in_one_line",
        "_instances_gpus::test_per_gpu_that_cannot_be_is_told_in_these_words",
    ],
    "GPUs wanted where there are none, or fewer": [
        "_driver_refusals::test_what_would_not_work_is_told_in_one_line_with_what_to_do",
        "_health_gpu::test_a_server_on_the_cpu_says_why_in_one_line",
        "_health_gpu::test_fewer_gpus_than_it_was_given_are_slow",
    ],
    "an architecture of AMD's that is half a version": ["_settings::test_a_bad_setting_is_told_in_these_words"],
    "a Modelfile without FROM, or that is not there": [
        "ollama_models_module/refused: Give bad options",
        "ollama_models_module/refused: Name a Modelfile that the controller does not have",
    ],
}
REFERENCES = {reference for table in (FAULTS, BAD_INPUTS) for references in table.values() for reference in references}


@pytest.mark.parametrize("reference", sorted(REFERENCES))
def test_each_fault_is_tested_where_it_is_said(reference):
    if "::" in reference:
        stem, name = reference.split("::")
        path, words = ROOT / f"tests/unit/plugins/module_utils/test_{stem}.py", f"def {name}("
    else:
        place, name = reference.split(": ", 1)
        path, words = ROOT / f"tests/integration/targets/{place.replace('/', '/tasks/')}.yml", f"- name: {name}"
    assert words in path.read_text()
