"""``medseg study rank``: how sure a model is of each case, for the order of the worklist and nothing else."""

import json
import sys

import numpy as np
import pytest

from assist.made_bundles import thresholding_bundle
from doubtful_cases import STRUCTURE, StandIn, finding_bundle, finds_tumour, tumour
from medseg.assist.bundle import Prediction
from medseg.assist.uncertainty import Sampling
from medseg.errors import Cancelled, InputError, TransitionError
from medseg.io.nifti.write import write_voxels
from medseg.progress import silent
from medseg.study.worklist import Filter, Order
from medseg.workflows import study as use
from medseg.workflows.study.rank_cases import RankOutcome
from study_commands import medseg_study

__all__ = ["medseg_study"]

pytestmark = pytest.mark.usefixtures("stays_sound")

CONTRASTS = {"clear": 1.5, "faint": 0.7, "middling": 1.0}
BY_DOUBT = ["faint", "middling", "clear"]


@pytest.fixture
def quick(monkeypatch):
    StandIn.asked = 0
    monkeypatch.setattr(sys.modules["medseg.workflows.study.rank_cases"], "BundleProcess", StandIn)


@pytest.fixture
def bundle(tmp_path):
    return finding_bundle(tmp_path / "bundle")


def add(site, case_id, voxels, **more):
    image = site.path.parent / f"{case_id}.nii.gz"
    write_voxels(voxels, tumour()[0].grid, image)
    return use.add_case(site.study, site.who("cory"), image, case_id=case_id, **more)


@pytest.fixture
def tumours(site):
    """Three cases of a study, whose tumours are clear, faint and in between."""
    for name, contrast in CONTRASTS.items():
        add(site, name, tumour(contrast)[0].voxels, structures=["Tumour"])
    return site


def listed(site, **more):
    return [row.case.id for row in use.list_cases(site.study, **more).rows]


def test_the_cases_that_a_model_is_least_sure_of_come_first(tumours, bundle, medseg_study, quick):
    before = len(tumours.ledger())
    assert "uncertainty" not in medseg_study("list").stdout
    told = medseg_study.by("cory", "rank", bundle, "--device", "cpu", "--samples", 6)
    assert [line.split(":")[0] for line in told.stdout.splitlines()] == sorted(CONTRASTS)
    answer = medseg_study.json("list", "--by", "uncertainty")
    assert [case["id"] for case in answer["cases"]] == BY_DOUBT
    values = [case["uncertainty"]["value"] for case in answer["cases"]]
    assert values == sorted(values, reverse=True)
    assert answer["ranking"]["bundle_name"] == "threshold"
    assert answer["ranking"]["samples"] == 6
    first = medseg_study("list", "--by", "uncertainty").stdout.splitlines()
    assert first[0].split()[:3] == ["case", "state", "uncertainty"]
    assert first[1].split()[:3] == ["faint", "unassigned", f"{values[0]:.2f}"]
    assert listed(tumours) == sorted(CONTRASTS), "those due first, unless it is asked for"
    assert listed(tumours, by=Order.UNCERTAINTY, limit=1, offset=1) == ["middling"]
    assert len(tumours.ledger()) == before, "it is no fact of the sign-off"
    again = medseg_study.json_by("cory", "rank", bundle, "--samples", 6)
    assert {case["status"] for case in again["cases"]} == {"kept"}
    assert {case["case"]: case["value"] for case in again["cases"]} == pytest.approx(
        dict(zip(BY_DOUBT, values, strict=True)), abs=1e-6
    )
    assert StandIn.asked == 3 * 6


def rank(site, bundle, **more):
    more = {"sampling": Sampling(2), "device": "cpu", **more}
    return use.rank_cases(site.study, site.who("cory"), bundle, **more)


def test_after_it_was_stopped_it_goes_on_where_it_was(tumours, bundle, quick):
    done = []

    def stop(_task, _done, _total):
        if len(done) == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        rank(tumours, bundle, progress=stop, watch=done.append)
    found = rank(tumours, bundle)
    assert [case.status for case in found.cases] == [RankOutcome.KEPT, RankOutcome.KEPT, RankOutcome.RANKED]


def test_another_model_or_another_image_is_asked_anew(tumours, bundle, tmp_path, quick):
    rank(tumours, bundle)
    other = thresholding_bundle(tmp_path / "other", threshold=830)
    assert {case.status for case in rank(tumours, other).cases} == {RankOutcome.RANKED}
    kept = rank(tumours, bundle)
    assert {case.status for case in kept.cases} == {RankOutcome.KEPT}
    with tumours.study.store.reading() as r:
        assert r.ranking() == kept.ranking
    assert {case.status for case in rank(tumours, bundle, sampling=Sampling(3)).cases} == {RankOutcome.RANKED}


def test_a_case_whose_image_is_not_the_one_that_was_added_is_refused(tumours, bundle, quick):
    image = tumours.study.folder.image("faint")
    whole = image.read_bytes()
    image.chmod(0o644)
    image.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    found = rank(tumours, bundle)
    assert [(case.case_id, case.reason) for case in found.refused] == [("faint", "image-changed")]
    assert listed(tumours, by=Order.UNCERTAINTY) == ["middling", "clear", "faint"]
    image.write_bytes(whole)
    assert rank(tumours, bundle).refused == ()


def test_of_what_is_decided_and_of_what_the_filter_leaves_out_no_model_is_asked(tumours, bundle, quick):
    tumours.assign("ada", case_id="clear")
    tumours.save("ada", case_id="clear")
    tumours.step("ada", "submitted", case_id="clear")
    tumours.step("ben", "approved", case_id="clear")
    found = rank(tumours, bundle, filter=Filter(text="i"))
    assert [case.case_id for case in found.cases] == ["faint", "middling"]
    assert rank(tumours, bundle, filter=Filter(text="clear")).cases == ()


def test_only_who_hands_cases_out_orders_everybodys_worklist(tumours, bundle, quick):
    with pytest.raises(TransitionError, match="only radiologist or qa or coordinator"):
        use.rank_cases(tumours.study, tumours.who("ada"), bundle, sampling=Sampling(2))
    assert tumours.refused()["person"] == "ada"
    with pytest.raises(InputError):
        rank(tumours, tumours.path)
    with tumours.study.store.reading() as r:
        assert r.ranking() is None


def test_the_value_is_of_what_is_wanted_and_none_where_none_is_found(site, bundle, monkeypatch, quick):
    volume = tumour()[0]
    add(site, "empty", np.zeros(volume.grid.shape_kji, np.float32), structures=["Tumour"])
    add(site, "wanted", volume.voxels, structures=["tumour"])
    other = STRUCTURE.__class__("brain", "Brain", 2)

    def predict(self, volume, *, further=None, progress=silent):
        found = finds_tumour(volume)
        masks = {**found.masks, other.id: np.ones(volume.grid.shape_kji, bool)}
        return Prediction((*found.structures, other), masks)

    monkeypatch.setattr(StandIn, "predict", predict)
    empty, wanted = rank(site, bundle).cases
    assert (empty.value, empty.status) == (None, RankOutcome.RANKED)
    assert [one["uncertainty"] for one in empty.structures] == [None, 0.0]
    assert wanted.value == pytest.approx(wanted.structures[0]["uncertainty"], abs=1e-6)
    assert wanted.value > 0
    assert listed(site, by=Order.UNCERTAINTY) == ["wanted", "empty"]
    rows = use.list_cases(site.study, by=Order.UNCERTAINTY).rows
    assert rows[1].doubt == "found none"
    assert json.dumps(empty.as_dict())
