"""The fault list of signing off: each fault, what must come of it, and where it is tried."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SIGNED, ORDER = "test_fault_list_signed.py", "test_fault_list_order.py"
DISK, INPUT = "test_fault_list_disk.py", "test_fault_list_input.py"

FAULTS: dict[tuple[str, str], dict[str, str]] = {
    ("a voxel, the affine or a label's name is changed", "invalid, and it says what differs"): {
        SIGNED: "test_a_voxel_the_affine_or_a_name_is_changed",
        "test_save_revision.py": "test_a_revision_that_was_changed_outside_is_found_and_named",
        "test_mutations.py": "test_each_altered_label_map_is_found_and_named",
    },
    ("only the gzip is rewritten", "the content matches, the file differs"): {
        SIGNED: "test_only_the_compression_is_another",
    },
    ("a signature is moved to another case or revision, or replayed", "refused and written down"): {
        SIGNED: "test_the_approval_of_one_case_is_pasted_onto_another test_the_bundle_of_one_case_is_put_in_"
        "place_of_anothers test_the_approval_of_one_revision_is_pasted_onto_the_next "
        "test_the_same_statement_is_repeated_in_the_file "
        "test_a_statement_of_another_study_of_the_same_people_is_brought_in",
        "test_receive_statement.py": "test_it_is_not_moved_to_another_case "
        "test_it_is_not_moved_to_another_revision test_it_counts_once",
    },
    ("two approvers at once; approval while the author saves", "one wins, the other is told"): {
        ORDER: "test_two_approvers_in_two_programs test_the_digest_moved "
        "test_an_approval_while_the_author_saves_in_another_program",
        "test_conflicts.py": "test_of_two_approvers_at_once_one_wins_and_the_other_is_told "
        "test_two_programs_at_once test_approval_while_the_author_saves",
    },
    ("a clock is a day off", "the order is that of the chain, and the skew is flagged"): {
        ORDER: "test_a_clock_is_a_day_off",
        "test_clocks.py": "test_a_clock_a_day_behind_is_told_in_ledger_and_verification",
    },
    ("kill -9 at each step of a write", "old or new, whole; no row without its file"): {
        DISK: "test_a_disk_that_fails",
        "test_killed.py": "test_saving test_submitting test_approving_what_supersedes test_amending "
        "test_adding_a_case test_checking_out test_making_a_checkpoint",
        "../../soak/test_disk_faults.py": "test_every_system_call",
    },
    ("a full disk, a read-only folder", "no change of state, and a clear message"): {
        DISK: "test_a_disk_that_fails",
        "test_full_disk.py": "test_a_full_disk_changes_nothing "
        "test_a_read_only_folder_changes_nothing_and_can_be_looked_at",
    },
    ("a row of the ledger is deleted or edited", "the first bad entry is named"): {
        ORDER: "test_an_entry_is_deleted_or_edited",
        "test_check_study.py": "test_an_altered_ledger_names_the_first_bad_entry",
    },
    ("its tail is cut off, its chain rebuilt", "caught by an exported checkpoint"): {
        ORDER: "test_the_tail_is_cut_off_or_the_chain_rebuilt",
        "test_check_study.py": "test_a_chain_rebuilt_behind_the_last_statement_is_found_by_a_checkpoint_kept_"
        "elsewhere",
        "test_mutations.py": "test_each_altered_study_is_found_and_named",
    },
    ("a key is lost, rotated or compromised", "revoked from a time; what was checkpointed stays valid"): {
        SIGNED: "test_a_key_is_revoked test_a_key_is_rotated",
        "test_refusals.py": "test_a_key_that_was_revoked_no_longer_acts_nor_signs_in",
    },
    ("one person has two accounts or keys", "the rule of two people fails closed"): {
        SIGNED: "test_one_person_approves_with_two_keys test_an_author_approves_with_another_key "
        "test_one_person_gets_no_second_account test_one_key_signs_under_two_key_ids",
    },
    ("an annotator approves", "refused and written down"): {
        SIGNED: "test_an_annotator_approves",
        "test_refusals.py": "test_a_step_that_is_not_allowed_is_refused_and_written_down",
    },
    ("a canary in every text, path and comment", "it comes out nowhere"): {
        INPUT: "test_nothing_that_leaves_the_study_tells_of_a_patient test_no_refusal_tells_of_a_patient",
        "test_no_patient_data_in_study.py": "test_a_canary_in_every_text_stays_outside",
    },
    ("a hostile UID, a DICOMDIR that climbs", "confined"): {
        INPUT: "test_a_hostile_uid_becomes_no_path test_a_dicomdir_that_climbs_is_not_followed",
    },
    ("a bomb, huge dimensions, a NaN affine, a truncated file", "bounded memory, a typed error"): {
        INPUT: "test_a_hostile_file_is_refused_and_nothing_changes",
    },
    ("deep JSON in the extension", "no crash, nothing lost"): {
        INPUT: "test_deep_json_is_no_crash test_deep_json_in_the_database_is_named",
    },
}
"""Names of tests by their files, for each fault and what must come of it."""


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault[0])
def test_each_fault_is_tried(fault):
    """The tests that are named are there."""
    for file, names in FAULTS[fault].items():
        assert set(names.split()) <= functions_of(HERE / file), file


def test_nothing_of_the_fault_list_is_unnamed():
    """Each test of the files of the fault list stands under the fault that it tries."""
    named: dict[str, set[str]] = {}
    for where in FAULTS.values():
        for file, names in where.items():
            named.setdefault(file, set()).update(names.split())
    for path in HERE.glob("test_fault_list_*.py"):
        own = {name for name in functions_of(path) if name.startswith("test_")}
        assert own <= named[path.name], path.name
