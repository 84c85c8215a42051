"""The diagram of the states is made from the table that the program goes by."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from medseg.review.states import TRANSITIONS, State

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def diagram():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import make_state_diagram
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return make_state_diagram


def test_it_is_up_to_date(diagram):
    assert diagram.PICTURE.read_text(encoding="utf-8") == diagram.picture(), (
        "run: python tools/make_state_diagram.py"
    )


def test_each_step_has_one_arrow_and_each_state_a_place(diagram):
    assert diagram.arrows().keys() == TRANSITIONS.keys()
    assert diagram.PLACES.keys() == set(State)
    tags = [element.tag.split("}")[1] for element in ElementTree.fromstring(diagram.picture()).iter()]
    assert tags.count("polygon") == len(TRANSITIONS)


def touches(place, point, box):
    (x, y), (width, height) = place, box
    return abs(point[0] - x) <= width / 2 and abs(point[1] - y) <= height / 2


def test_arrows_begin_and_end_at_their_states_and_run_straight(diagram):
    for (state, step), arrow in diagram.arrows().items():
        end = TRANSITIONS[state, step].to
        assert touches(diagram.PLACES[state], arrow.points[0], diagram._BOX), (state, step)
        assert touches(diagram.PLACES[end], arrow.points[-1], diagram._BOX), (state, step)
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(arrow.points)), (state, step)
