"""A segmenter that is asked about a case gets what was drawn, and takes nothing from others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg.assist.registry import segmenter
from medseg.assist.segmenter import BACKGROUND, Hint, Hints, Method, Point, Proposal, Sphere
from medseg.contour import Origin, Slice, trace_slice
from medseg.errors import AssistError, LockedError
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import (
    Delineation,
    LiveProposal,
    Placements,
    Question,
    ask_segmenter,
    with_contours_on,
    with_proposed,
)
from medseg.workflows.structure_edits import added

SHAPE = (20, 32, 32)
GRID = Grid(SHAPE, np.array([[0, 0, -1, 10], [0, 1, 0, -20], [2, 0, 0, 5], [0, 0, 0, 1.0]]))
PLACEMENTS = Placements(GRID)
AT_K, AT_J, AT_I = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
FROM_CENTRE = (2 * (AT_K - 10)) ** 2 + (AT_J - 16) ** 2 + (AT_I - 16) ** 2
BALL = FROM_CENTRE <= 9**2
NOISE = np.random.default_rng(3).integers(-5, 6, SHAPE)
CENTRE = tuple(GRID.to_lps_mm(np.array([[10.0, 16.0, 16.0]]))[0])
CORNER = tuple(GRID.to_lps_mm(np.array([[2.0, 3.0, 3.0]]))[0])
IMAGE = Volume(
    GRID,
    np.where(BALL, 100, 0).astype(np.int16)
    + np.random.default_rng(3).integers(-5, 6, SHAPE).astype(np.int16),
    Quantity.HU,
    Source("NIfTI"),
)


class Listener:
    """Remembers what it was told, and proposes the ball."""

    name, title, version = "listener", "Listener", "1"
    parameters = ()

    def __init__(self, needs=(), uses=()):
        self.needs, self.uses = frozenset(needs), frozenset(uses)
        self.hints = Hints()

    def propose(self, task, *, progress):
        self.hints = task.hints
        return Proposal(
            {task.structure_ids[0]: BALL[task.region]}, task.region, Method(self.name, self.version)
        )


@pytest.fixture
def tumour():
    return added(Delineation(), "Tumour")


def dice(first, second):
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def drawn(delineation, structure_id, *ks, mask=BALL):
    for k in ks:
        contours = trace_slice(mask[k], GRID, Slice(0, k), structure_id, Origin.DRAWN)
        delineation = with_contours_on(delineation, structure_id, Slice(0, k), contours, PLACEMENTS)
    return delineation


def whole(proposal, structure_id="tumour"):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[proposal.region] = proposal.masks[structure_id]
    return mask


def test_a_ball_is_enough_for_a_threshold(tumour):
    question = Question(
        IMAGE, tumour, segmenter("threshold-in-sphere"), ("tumour",), sphere=Sphere(CENTRE, 11.0)
    )
    asked = ask_segmenter(question)
    assert dice(whole(asked.proposal), BALL) > 0.95
    assert asked.notes[0].startswith("Tumour: proposed by threshold-in-sphere ")
    assert "a ball of 11 mm around LPS" in asked.notes[0]


def test_what_is_drawn_are_seeds_and_others_are_background(tumour):
    both = added(tumour, "Muscle")
    muscle = np.zeros(SHAPE, dtype=bool)
    muscle[10] = (FROM_CENTRE > 11**2)[10] & (FROM_CENTRE < 14**2)[10]
    both = drawn(drawn(both, "tumour", 10), "muscle", 10, mask=muscle)
    listener = Listener({Hint.POINTS, Hint.BACKGROUND})
    ask_segmenter(Question(IMAGE, both, listener, ("tumour",)))
    assert np.array_equal(np.flatnonzero(listener.hints.marks["tumour"].any(axis=(1, 2))), [10])
    assert np.array_equal(listener.hints.marks["tumour"][10], BALL[10])
    assert np.array_equal(listener.hints.marks[BACKGROUND], muscle)
    asked = ask_segmenter(Question(IMAGE, both, segmenter("grow-from-seeds"), ("tumour",)))
    assert dice(whole(asked.proposal), BALL) > 0.9
    assert "what was drawn" in asked.notes[0]


@pytest.mark.parametrize("named", ["needs", "uses"])
def test_the_rough_delineation_is_what_the_engine_made_of_what_was_drawn(tumour, named):
    now = drawn(tumour, "tumour", 6, 10, 14)
    completed, _ = LiveProposal(GRID).update(now)
    listener = Listener(**{named: {Hint.ROUGH}})
    ask_segmenter(Question(IMAGE, now, listener, ("tumour",), completed=completed))
    assert dice(listener.hints.rough["tumour"], BALL) > 0.9
    ask_segmenter(Question(IMAGE, now, listener, ("tumour",)))
    assert np.array_equal(np.flatnonzero(listener.hints.rough["tumour"].any(axis=(1, 2))), [6, 10, 14])


def test_others_keep_their_voxels(tumour):
    both = added(tumour, "Vessel")
    half = BALL & (AT_J < 16)
    vessel = Proposal({"vessel": half}, tuple(slice(0, n) for n in SHAPE), Method("m", "1"))
    now = with_proposed(both, vessel, GRID)
    asked = ask_segmenter(Question(IMAGE, now, Listener(), ("tumour",)))
    assert np.array_equal(whole(asked.proposal), BALL & ~half)


def test_what_can_not_be_asked_says_why(tumour):
    with pytest.raises(AssistError) as raised:
        ask_segmenter(Question(IMAGE, tumour, segmenter("region-growing"), ("tumour",)))
    assert raised.value.details["reason"] == "hint-missing"
    locked = replace(tumour, locked=frozenset({"tumour"}))
    with pytest.raises(LockedError, match="Tumour is locked"):
        ask_segmenter(Question(IMAGE, locked, Listener(), ("tumour",)))
    far = Sphere((500.0, 500.0, 500.0), 5.0)
    with pytest.raises(AssistError, match="outside of the image"):
        ask_segmenter(Question(IMAGE, tumour, Listener(), ("tumour",), sphere=far))


def test_clicks_reach_it(tumour):
    points = (Point(CENTRE, "tumour"), Point(CORNER, BACKGROUND))
    asked = ask_segmenter(Question(IMAGE, tumour, segmenter("region-growing"), ("tumour",), points))
    assert dice(whole(asked.proposal), BALL) > 0.9
    assert "background at" in asked.notes[0]
