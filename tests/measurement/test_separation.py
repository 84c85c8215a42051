"""Separation: distances of surfaces on any grid; margins of parts; which pairs are measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from medseg.errors import LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.separation import separations, usual_pairs
from medseg.space import Grid
from solids import lump, upright
from strategies import grids

LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")
VESSEL = Structure("vessel", "Vessel", 3)


def of_masks(grid, *masks_and_structures):
    layer = np.zeros(grid.shape_kji, np.uint8)
    for mask, structure in masks_and_structures:
        layer[mask] = structure.label
    return LabelMap(grid, (layer,), tuple(structure for _, structure in masks_and_structures))


def only(label_map, *pair):
    """The one distance of a pair."""
    found = separations(label_map, [pair])
    ((measured,),) = found.values()
    return measured


@pytest.mark.parametrize(
    "grid",
    [
        upright((30, 40, 40), (1.0, 0.9, 0.9)),
        Grid.from_axes(
            (30, 40, 40),
            origin_lps_mm=(5, -7, 30),
            step_k_mm=(0, 0.35, 1.4),
            step_j_mm=(0, 0.9, 0),
            step_i_mm=(-0.9, 0, 0),
        ),
    ],
    ids=["upright", "sheared"],
)
def test_a_tumour_beside_a_vessel_lies_as_far_as_their_surfaces(grid):
    points = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    middle = points[15, 20, 12]
    tumour = np.linalg.norm(points - middle, axis=-1) < 5
    # A straight vessel of 2 mm radius along the patient's z, whose axis runs 16 mm beside the tumour.
    toward = (points[15, 20, 39] - middle) / np.linalg.norm(points[15, 20, 39] - middle)
    off = points - (middle + 16 * toward)
    vessel = np.hypot(off[..., 0], off[..., 1]) < 2
    measured = only(of_masks(grid, (tumour, TUMOUR_ALONE), (vessel, VESSEL)), "tumour", "vessel")
    # Each of the two surfaces is that of voxels: half a diagonal off the true one at most.
    diagonal = np.linalg.norm(grid.index_to_lps_mm[:3, :3] @ [1, 1, 1])
    assert measured.value == pytest.approx(16 - 5 - 2, abs=diagonal)
    line = measured.line
    assert np.linalg.norm(np.subtract(line.end_lps_mm, line.start_lps_mm)) == pytest.approx(measured.value)
    # The line starts on the tumour and ends on the vessel.
    assert np.linalg.norm(line.start_lps_mm - middle) == pytest.approx(5, abs=diagonal)
    assert dict(measured.parameters) == {"to": "vessel"}


TUMOUR_ALONE = Structure("tumour", "Tumour", 2)


def test_a_margin_is_what_lies_between_a_tumour_and_the_capsule():
    grid = upright((40, 60, 60), (2.0, 1.0, 1.0))
    points = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    middle = points[20, 30, 30]
    liver = np.linalg.norm(points - middle, axis=-1) < 25
    tumour = np.linalg.norm(points - (middle + np.array([12, 0, 0])), axis=-1) < 6
    measured = only(of_masks(grid, (liver, LIVER), (tumour, TUMOUR)), "tumour", "liver")
    assert measured.concept == "margin"
    assert measured.value == pytest.approx(25 - 12 - 6, abs=np.sqrt(6))
    assert measured.line.start_lps_mm[0] < measured.line.end_lps_mm[0]


def test_a_whole_of_which_only_the_part_was_drawn_has_no_margin():
    grid = upright((9, 9, 9), (1.0, 1.0, 1.0))
    label_map = of_masks(grid, (np.zeros(grid.shape_kji, bool), LIVER), (lump(grid, 2), TUMOUR))
    assert only(label_map, "tumour", "liver").value is None


@settings(max_examples=25)
@given(grid=grids(shape=st.just((5, 6, 7))), seed=st.integers(0, 2**16))
def test_what_shares_a_voxel_or_a_face_touches_and_nothing_else_does(grid, seed):
    masks = np.random.default_rng(seed).random((2, *grid.shape_kji)) < 0.02
    masks[:, 2, 3, 3:5] |= np.eye(2, dtype=bool) & bool(seed % 2)
    masks[0, 0, 0, 0] = masks[1, 4, 5, 6] = True
    layers = tuple(mask.astype(np.uint8) for mask in masks)
    label_map = LabelMap(grid, layers, (Structure("a", "A", 1), Structure("b", "B", 1, layer=1)))
    neighbours = ndimage.binary_dilation(masks[0], ndimage.generate_binary_structure(3, 1))
    assert (only(label_map, "a", "b").value == 0) == bool((neighbours & masks[1]).any())


@pytest.mark.parametrize(("start", "value"), [(1, 0.0), (2, 1.0)])
def test_a_part_at_the_surface_of_its_whole_has_no_margin(start, value):
    grid = upright((12, 12, 12), (1.0, 1.0, 1.0))
    liver, tumour = np.zeros((2, 12, 12, 12), bool)
    liver[1:11, 1:11, 1:11] = True
    tumour[4:8, 4:8, start : start + 4] = True
    measured = only(of_masks(grid, (liver, LIVER), (tumour, TUMOUR)), "tumour", "liver")
    assert measured.value == pytest.approx(value)


def test_structures_with_a_face_in_common_touch():
    grid = upright((4, 4, 6), (3.0, 1.0, 1.0))
    left, right = np.zeros((2, 4, 4, 6), bool)
    left[1:3, 1:3, :3] = right[1:3, 2:3, 3:] = True
    alone = Structure("tumour", "Tumour", 2)
    assert only(of_masks(grid, (left, alone), (right, VESSEL)), "tumour", "vessel").value == 0


def test_structures_that_overlap_are_not_apart():
    grid = upright((10, 10, 10), (1.0, 1.0, 1.0))
    inner, outer = np.zeros((2, 10, 10, 10), np.uint8)
    outer[1:9, 1:9, 1:9] = 1
    inner[4:6, 4:6, 4:6] = 1
    label_map = LabelMap(grid, (inner, outer), (Structure("a", "A", 1), Structure("b", "B", 1, layer=1)))
    measured = only(label_map, "a", "b")
    assert measured.value == 0
    assert measured.line.start_lps_mm == measured.line.end_lps_mm


def test_parts_are_asked_for_and_nothing_twice():
    structures = (LIVER, TUMOUR, VESSEL, Structure("core", "Core", 4, part_of="tumour"))
    label_map = LabelMap(upright((2, 2, 2), (1, 1, 1)), (np.zeros((2, 2, 2), np.uint8),), structures)
    assert list(usual_pairs(label_map)) == [
        ("tumour", "liver"), ("tumour", "vessel"), ("core", "tumour"), ("core", "vessel"),
    ]  # fmt: skip
    assert list(usual_pairs(label_map, "core")) == [("core", "tumour"), ("core", "vessel")]
    assert [one.value for one in separations(label_map)["tumour"]] == [None, None]


def test_a_structure_has_no_distance_from_itself_nor_from_its_part():
    grid = upright((9, 9, 9), (1.0, 1.0, 1.0))
    label_map = of_masks(grid, (lump(grid, 4), LIVER), (lump(grid, 2), TUMOUR))
    for pair in (("liver", "liver"), ("liver", "tumour")):
        with pytest.raises(ValueError, match="expected two structures"):
            separations(label_map, [pair])
    with pytest.raises(LabelMapError, match="no structure"):
        separations(label_map, [("liver", "spleen")])
