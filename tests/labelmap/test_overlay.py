"""Several structures into one label map."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medseg.labelmap import Claim, Structure, overlay, resolve
from medseg.space import Grid

GRID = Grid((6, 7, 8), np.eye(4))
A, B, C = (Structure(name, name, label) for label, name in enumerate("abc", start=1))
PART = Structure("c", "c", 3, part_of="a")
DEPTHS = np.array([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf], dtype=np.float32)


@st.composite
def claims(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for name in "abc":
        for _ in range(draw(st.integers(0, 2))):
            corner = rng.integers(0, 5, 3)
            shape = rng.integers(1, np.array(GRID.shape_kji) - corner + 1)
            found.append(Claim(name, tuple(corner.tolist()), rng.choice(DEPTHS, shape)))
    return found


@given(claims(), st.sampled_from([(A, B, C), (A, B, PART)]), st.sampled_from([(), (("b", "a"),)]))
def test_a_box_is_settled_as_the_whole_is(some, structures, nested):
    whole = overlay(some, GRID, structures, nested).voxels
    box = (slice(1, 4), slice(2, 7), slice(0, 5))
    (labels,) = resolve(some, box, structures, nested)
    assert np.array_equal(labels, whole[box])


@given(claims())
def test_a_voxel_that_one_drew_is_his(some):
    found = overlay(some, GRID, (A, B, C)).voxels
    drew = np.zeros((3, *GRID.shape_kji), bool)
    for claim in some:
        drew["abc".index(claim.structure_id)][claim.box] |= np.isposinf(claim.depth)
    only = drew.sum(axis=0) == 1
    assert np.array_equal(found[only], drew.argmax(axis=0)[only] + 1)


def one(structure_id, depth):
    return Claim(structure_id, (0, 0, 0), np.full((1, 1, 1), depth, np.float32))


def label_of(some, structures, nested=()):
    return int(overlay(some, GRID, structures, nested).voxels[0, 0, 0])


def test_the_deeper_one_has_the_voxel_and_at_equal_depth_the_later():
    assert label_of([one("a", 2), one("b", 1)], (A, B)) == 1
    assert label_of([one("a", 1), one("b", 1)], (A, B)) == 2
    assert label_of([one("a", 0)], (A, B)) == 0


def test_a_part_goes_before_its_whole_even_where_that_was_drawn():
    assert label_of([one("a", np.inf), one("c", 0.5)], (A, B, PART)) == 3
    assert label_of([one("a", np.inf), one("c", 0.5)], (PART, A)) == 3


def test_what_is_nested_goes_first_but_not_where_the_other_was_drawn():
    assert label_of([one("a", 2), one("b", 1)], (A, B), [("b", "a")]) == 2
    assert label_of([one("a", 2), one("b", 1)], (B, A), [("b", "a")]) == 2
    assert label_of([one("a", np.inf), one("b", 1)], (A, B), [("b", "a")]) == 1


def test_a_part_of_what_is_nested_goes_before_it():
    part = Structure("c", "c", 3, part_of="b")
    assert label_of([one("a", 3), one("b", 2), one("c", 1)], (A, B, part), [("b", "a")]) == 3
