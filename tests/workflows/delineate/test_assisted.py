"""Proposals taken over: what was drawn stays, the rest is as proposed, and the record says by what."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from drawn_history import require_same_history
from medseg.assist.segmenter import Method, Proposal
from medseg.contour import Origin, Slice, trace_slice
from medseg.errors import ContourError, LockedError
from medseg.labelmap import fill
from medseg.provenance.record import Model
from medseg.space import Grid
from medseg.volume import Source
from medseg.workflows.delineate import (
    About,
    Delineation,
    History,
    Placements,
    contours_on,
    label_map_of,
    opened,
    taken_by_others,
    with_contours_on,
    with_proposed,
    with_proposed_on,
)
from medseg.workflows.delineate.journal_records import Moment, Writer
from medseg.workflows.delineate.journal_replay import Replay
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from medseg.workflows.structure_edits import added, without

SHAPE = (12, 20, 24)
GRID = Grid(SHAPE, np.diag([-2.0, 1.0, 3.0, 1.0]))
PLACEMENTS = Placements(GRID)
METHOD = Method("bundle:liver", "2", {"threshold": 0.5}, "ab" * 32)
MODEL = Model("bundle:liver", "2", "ab" * 32, {"threshold": 0.5})
K5 = Slice(0, 5)


def ball(centre_kji, radius):
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return (3 * (k - centre_kji[0])) ** 2 + (j - centre_kji[1]) ** 2 + (i - centre_kji[2]) ** 2 <= radius**2


BALL = ball((5, 10, 12), 8)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]), slice(0, SHAPE[2]))


def proposal_of(region=WHOLE, **masks):
    return Proposal({one: mask[region] for one, mask in masks.items()}, region, METHOD)


@pytest.fixture
def liver():
    return added(Delineation(), "Liver")


def drawn_on(delineation, structure_id, where, mask, origin=Origin.DRAWN):
    contours = trace_slice(mask.take(where.index, axis=where.axis), GRID, where, structure_id, origin)
    return with_contours_on(delineation, structure_id, where, contours, PLACEMENTS)


def mask_of(delineation, structure_id):
    return label_map_of(delineation, GRID).mask(structure_id)


def test_the_whole_proposal_becomes_the_structure_to_the_voxel(liver):
    after = with_proposed(liver, proposal_of(liver=BALL), GRID, notes=["Liver: proposed"])
    assert np.array_equal(mask_of(after, "liver"), BALL)
    assert after.models == {"liver": MODEL}
    assert after.notes == ("Liver: proposed",)
    assert not after.contours


def test_what_was_drawn_stays_and_what_the_engine_filled_gives_way(liver):
    drawn = drawn_on(liver, "liver", K5, ball((5, 10, 12), 4))
    drawn = drawn_on(drawn, "liver", Slice(0, 6), ball((6, 4, 4), 3), Origin.INTERPOLATED)
    before = contours_on(drawn, "liver", K5, PLACEMENTS)
    after = with_proposed(drawn, proposal_of(liver=BALL), GRID)
    assert contours_on(after, "liver", K5, PLACEMENTS) == before
    expected = BALL.copy()
    expected[5] = ball((5, 10, 12), 4)[5]
    assert np.array_equal(mask_of(after, "liver"), expected)


def test_a_second_proposal_takes_the_place_of_the_first_in_its_region_alone(liver):
    first = with_proposed(liver, proposal_of(liver=BALL), GRID)
    region = (slice(5, 12), slice(0, 20), slice(0, 24))
    smaller = ball((5, 10, 12), 3)
    after = with_proposed(first, proposal_of(region, liver=smaller), GRID)
    assert np.array_equal(mask_of(after, "liver"), np.concatenate([BALL[:5], smaller[5:]]))


@pytest.mark.parametrize("where", [K5, Slice(1, 10), Slice(2, 12)], ids=str)
def test_one_slice_becomes_what_is_proposed_there(liver, where):
    after = with_proposed_on(liver, proposal_of(liver=BALL), where, PLACEMENTS)
    assert {c.origin for c in after.contours} == {Origin.ASSISTED}
    expected = np.zeros(SHAPE, dtype=bool)
    np.moveaxis(expected, where.axis, 0)[where.index] = BALL.take(where.index, axis=where.axis)
    assert np.array_equal(mask_of(after, "liver"), expected)
    assert after.models == {"liver": MODEL}


def test_a_brush_adds_what_it_passed_over_to_what_there_is(liver):
    own = ball((5, 10, 4), 3)
    drawn = drawn_on(liver, "liver", K5, own)
    within = np.zeros(SHAPE[1:], dtype=bool)
    within[:, :12] = True
    after = with_proposed_on(drawn, proposal_of(liver=BALL), K5, PLACEMENTS, within=within)
    found = fill(contours_on(after, "liver", K5, PLACEMENTS), GRID, K5)
    assert np.array_equal(found, own[5] | (BALL[5] & within))


def test_where_nothing_new_is_proposed_nothing_is_taken(liver):
    proposal = proposal_of(liver=BALL)
    with pytest.raises(ContourError, match="nothing new is proposed here") as raised:
        with_proposed_on(liver, proposal, Slice(0, 0), PLACEMENTS)
    assert raised.value.details["reason"] == "not-proposed"
    taken = with_proposed_on(liver, proposal, K5, PLACEMENTS)
    with pytest.raises(ContourError):
        with_proposed_on(taken, proposal, K5, PLACEMENTS)


def test_a_locked_structure_is_not_changed(liver):
    locked = replace(liver, locked=frozenset({"liver"}))
    with pytest.raises(LockedError, match="Liver is locked"):
        with_proposed(locked, proposal_of(liver=BALL), GRID)
    with pytest.raises(LockedError, match="Liver is locked"):
        with_proposed_on(locked, proposal_of(liver=BALL), K5, PLACEMENTS)


def test_others_keep_their_voxels_but_wholes_give_them_to_their_parts(liver):
    both = added(added(liver, "Tumour", part_of="liver"), "Spleen")
    spleen = ball((5, 3, 3), 3)
    both = with_proposed(both, proposal_of(liver=BALL, spleen=spleen), GRID)
    assert np.array_equal(taken_by_others(both, ["tumour"], GRID), spleen)
    assert np.array_equal(taken_by_others(both, ["liver"], GRID), spleen)
    assert np.array_equal(taken_by_others(both, ["spleen"], GRID), BALL)
    tumour = ball((5, 10, 12), 3)
    after = with_proposed(both, proposal_of(tumour=tumour), GRID)
    found = label_map_of(after, GRID)
    assert np.array_equal(found.mask("tumour"), tumour)
    assert np.array_equal(found.mask_with_parts("liver"), BALL)
    smaller = with_proposed(after, proposal_of(tumour=ball((5, 10, 12), 2)), GRID)
    assert np.array_equal(label_map_of(smaller, GRID).mask_with_parts("liver"), BALL)


def test_a_tumour_of_voxels_lies_on_a_liver_that_was_drawn(liver):
    both = drawn_on(added(liver, "Tumour", part_of="liver"), "liver", K5, BALL)
    tumour = ball((5, 10, 12), 3)
    after = with_proposed(both, proposal_of(tumour=tumour), GRID)
    assert np.array_equal(mask_of(after, "tumour"), tumour)


def test_what_was_taken_over_is_the_models_after_it_was_saved_and_opened(liver):
    after = drawn_on(with_proposed(liver, proposal_of(liver=BALL), GRID), "liver", K5, ball((5, 10, 12), 4))
    label_map = label_map_of(after, GRID)
    again = opened(label_map, after.contours, after.completed, after.models)
    assert np.array_equal(mask_of(again, "liver"), label_map.mask("liver"))
    assert again.models == after.models
    origins = {PLACEMENTS.of(c).index: c.origin for c in again.contours}
    assert origins.pop(5) is Origin.DRAWN
    assert set(origins.values()) == {Origin.ASSISTED}


def test_a_journal_holds_what_was_taken_over_and_by_what(liver):
    history = History(liver)
    history.do("accept proposal", with_proposed(liver, proposal_of(liver=BALL), GRID, notes=["by a bundle"]))
    history.do("accept slice", with_proposed_on(liver, proposal_of(liver=BALL), K5, PLACEMENTS))
    history.undo()
    moment = Moment.of(About("case", GRID), history, None)
    records = [json.loads(json.dumps(record)) for record in Writer().whole(moment)]
    require_same_history(Replay(records, GRID).history, history)


def test_a_structure_that_is_deleted_takes_its_model_along(liver):
    assert without(with_proposed(liver, proposal_of(liver=BALL), GRID), "liver").models == {}


def test_the_saved_record_names_the_model_its_settings_and_its_slices(liver, tmp_path):
    after = drawn_on(with_proposed(liver, proposal_of(liver=BALL), GRID), "liver", K5, ball((5, 10, 12), 4))
    path = tmp_path / "liver_dseg.nii.gz"
    save_label_map(
        path,
        label_map_of(after, GRID),
        grid=GRID,
        source=Source("NIfTI"),
        contours=after.contours,
        author="Ada",
        models=after.models,
    )
    record = open_label_map(path).record
    assert record.models == {"liver": MODEL}
    assert record.structures["liver"].drawn == ("k=5",)
    assert record.structures["liver"].assisted == ("k=3", "k=4", "k=6", "k=7")
    assert record.structures["liver"].interpolated == ()
