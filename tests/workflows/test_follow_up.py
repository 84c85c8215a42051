"""Follow-up of saved label maps: sums, volumes, new lesions, and what a reader has to say."""

from __future__ import annotations

import json

import pytest

from medseg.errors import LabelMapError, OutputExistsError
from medseg.workflows.follow_up import Confirmed, NonTarget, Proposed, Word, follow_up, save_follow_up
from solids import upright
from timed_cases import write_time


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    """Baseline; smaller; a third lesion; one gone and one not looked at."""
    folder = tmp_path_factory.mktemp("times")
    return {
        name: write_time(folder, name, lengths)
        for name, lengths in {
            "baseline": {1: 40, 2: 30},
            "smaller": {1: 25, 2: 15},
            "third": {1: 25, 2: 15, 3: 12},
            "gone": {1: 0, 2: 0},
            "one": {1: 41},
        }.items()
    }


def test_the_sum_of_diameters_and_the_volumes_change(times):
    found = follow_up([times["baseline"], times["smaller"]])
    told = found.as_dict()
    before, after = (time["sum_mm"] for time in told["times"])
    # Each lesion is longer by half a voxel's diagonal at most than between its outer voxels' edges.
    assert before == pytest.approx(70.5, abs=1.5)
    assert after == pytest.approx(40.8, abs=1.5)
    assert told["response"]["category"] == "PR"
    by_id = {one["structure"]: one for one in told["structures"]}
    # 2 slices of 5 x 40 and 5 x 25 voxels of 3 mm³; what shrank is liver again.
    assert by_id["met-1"]["volume_ml"] == [pytest.approx(1.2), pytest.approx(0.75)]
    assert by_id["met-1"]["change_from_baseline"][1] == pytest.approx(-0.375)
    assert by_id["liver"]["change_from_baseline"] == [0.0, 0.0]
    assert found.notes == ()


def test_the_nadir_is_the_smallest_sum_of_all_times_before(times):
    found = follow_up([times["baseline"], times["smaller"], times["one"]], Word(targets=["met-1"]))
    response = found.times[-1].target
    assert response.nadir_mm == found.times[1].sum_mm < response.baseline_mm
    # 41 mm are 2 % above the baseline and 60 % above the nadir.
    assert response.category == "PD"


def test_a_lesion_without_voxels_is_gone_and_one_that_is_not_listed_was_not_evaluated(times):
    assert follow_up([times["baseline"], times["gone"]]).response.category == "CR"
    found = follow_up([times["baseline"], times["one"]])
    assert found.response.category == "NE"
    assert [size.diameter_mm is None for size in found.times[1].sizes] == [False, True]


def test_a_node_counts_by_its_short_axis(times):
    long_axis = follow_up([times["baseline"], times["smaller"]], Word(targets=["met-1"]))
    short_axis = follow_up([times["baseline"], times["smaller"]], Word(targets=["met-1"], nodes=["met-1"]))
    assert long_axis.times[0].sum_mm > 35
    assert short_axis.times[0].sum_mm < 11
    assert short_axis.notes[0].startswith("Metastasis 1 is not measurable at baseline")


def test_whether_a_lesion_is_new_is_asked_before_a_response_is_confirmed(times):
    both = [times["baseline"], times["third"]]
    found = follow_up(both)
    assert isinstance(found.response, Proposed)
    assert (found.possible_new, found.response.category) == (("met-3",), "PR")
    with pytest.raises(LabelMapError) as caught:
        follow_up(both, Word(confirmed_by="Ben"))
    assert caught.value.details["reason"] == "new-lesions-open"
    assert follow_up(both, Word(new_lesions=["met-3"])).response.category == "PD"
    found = follow_up(both, Word(not_new=["met-3"], confirmed_by="Ben Radiologist"))
    assert isinstance(found.response, Confirmed)
    assert (found.response.category, found.response.by) == ("PR", "Ben Radiologist")


def test_what_the_reader_says_of_other_lesions_counts(times):
    both = [times["baseline"], times["gone"]]
    assert follow_up(both, Word(non_target=NonTarget.NON_CR_NON_PD)).response.category == "PR"


def test_the_record_names_the_voxels_and_who_confirmed(times, tmp_path):
    found = follow_up([times["baseline"], times["smaller"]], Word(confirmed_by="Ben Radiologist"))
    save_follow_up(found, tmp_path / "record.json")
    record = json.loads((tmp_path / "record.json").read_text())
    for time in record["times"]:
        sidecar = times["baseline"].with_name(time["label_map"].replace(".nii.gz", ".json"))
        assert time["voxels_sha256"] in sidecar.read_text()
    response = record["response"]
    assert (response["confirmed_by"], response["status"]) == ("Ben Radiologist", "confirmed")
    assert str(tmp_path) not in json.dumps(record)
    with pytest.raises(OutputExistsError):
        save_follow_up(found, tmp_path / "record.json")


@pytest.mark.parametrize(
    ("names", "word", "reason"),
    [
        (("baseline", "baseline"), Word(), "same-label-map"),
        (("baseline", "smaller"), Word(targets=["met-9"]), "not-at-baseline"),
        (("gone", "smaller"), Word(), "not-at-baseline"),
        (("baseline", "smaller"), Word(nodes=["liver"]), "no-such-lesion"),
        (("baseline", "smaller"), Word(new_lesions=["met-1"]), "no-such-lesion"),
    ],
)
def test_it_refuses(times, names, word, reason):
    with pytest.raises(LabelMapError) as caught:
        follow_up([times[name] for name in names], word)
    assert caught.value.details["reason"] == reason


def test_two_patients_are_refused(tmp_path):
    both = [
        write_time(tmp_path, name, {1: length}, subject=name) for name, length in (("ann", 20), ("bob", 10))
    ]
    with pytest.raises(LabelMapError) as caught:
        follow_up(both)
    assert caught.value.details["reason"] == "other-patient"


def test_what_makes_sizes_hard_to_compare_is_told(tmp_path):
    thick = upright((12, 40, 60), (6.0, 1.0, 1.0))
    baseline = write_time(tmp_path, "baseline", {1: 11, 2: 30, 3: 30}, grid=thick)
    later = write_time(tmp_path, "later", {1: 3, 2: 30, 3: 30})
    notes = follow_up([baseline, later]).notes
    assert [note.split(":")[0] for note in notes[:2]] == [
        "Metastasis 1 is not measurable at baseline",
        "3 target lesions in Liver",
    ]
    assert "less than 12 mm" in notes[0]
    assert notes[-1].startswith("slices lie 3, 6 mm apart")
