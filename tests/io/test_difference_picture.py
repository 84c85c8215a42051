"""The picture of a difference: both outlines where they are, a ring where they lie farthest apart."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from medseg.errors import GridMismatchError, OutputExistsError
from medseg.io.difference_picture import (
    FIRST_COLOR,
    MAX_STRUCTURES,
    RING_COLOR,
    SECOND_COLOR,
    write_difference_picture,
)
from medseg.labelmap import LabelMap, Structure
from medseg.measurement import difference_between
from medseg.volume import Quantity, Source, Volume
from solids import upright

GRID = upright((12, 60, 80), (5.0, 1.0, 1.0))
IMAGE = Volume(GRID, np.full(GRID.shape_kji, -40, np.int16), Quantity.HU, Source("phantom"))


def box(*, right=50, structure=None) -> LabelMap:
    labels = np.zeros(GRID.shape_kji, dtype=np.uint8)
    labels[3:9, 20:40, 30:right] = 1
    return LabelMap(GRID, (labels,), (structure or Structure("tumour", "Tumour", 1),))


def picture(path, first, second, **options) -> np.ndarray:
    difference = difference_between(first, second)
    write_difference_picture(IMAGE, first, second, difference, path, title="case-0001", **options)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image).astype(int)


def near(pixels, color) -> np.ndarray:
    return np.abs(pixels - ImageColor.getrgb(color)).max(axis=-1) < 60


LEGEND_BOTTOM = 74


def test_both_outlines_are_there_and_the_larger_one_reaches_farther(tmp_path):
    pixels = picture(tmp_path / "d.png", box(), box(right=60))[LEGEND_BOTTOM:, :310]
    first, second = (np.nonzero(near(pixels, color))[1] for color in (FIRST_COLOR, SECOND_COLOR))
    # 80 mm are shown, margins included, on 300 pixels: ten of them are 37.
    assert second.max() - first.max() == pytest.approx(300 / 80 * 10, abs=3)


def test_the_ring_is_around_the_place_of_the_largest_distance(tmp_path):
    first, second = box(), box(right=60)
    pixels = picture(tmp_path / "d.png", first, second)[LEGEND_BOTTOM + 46 + 22 :, :310]
    rows, columns = np.nonzero(near(pixels, RING_COLOR)[:200])
    beside = (columns > 200) & (columns < 280)  # what is white elsewhere are letters and the scale
    edge = np.nonzero(near(pixels, SECOND_COLOR))[1].max()
    assert columns[beside].max() == pytest.approx(edge + 9, abs=4)
    assert beside.sum() > 40
    assert np.ptp(rows[beside]) < 25


def test_a_structure_whose_name_alone_changed_needs_no_slices(tmp_path):
    renamed = box(structure=Structure("tumour", "Sarcoma", 1))
    assert len(picture(tmp_path / "name.png", box(), renamed)) < 150
    assert len(picture(tmp_path / "voxels.png", box(), box(right=51))) > 300


def test_nothing_changed_is_a_picture_too(tmp_path):
    assert len(picture(tmp_path / "d.png", box(), box())) < 120


def test_a_structure_of_one_of_them_is_shown_in_its_colour_alone(tmp_path):
    empty = LabelMap(GRID, (np.zeros(GRID.shape_kji, np.uint8),), ())
    gone = picture(tmp_path / "gone.png", box(), empty)[LEGEND_BOTTOM:]
    assert near(gone, FIRST_COLOR).sum() > 100
    assert not near(gone, SECOND_COLOR).any()


def nodes(count, *, shown) -> LabelMap:
    structures = [Structure(f"s{n}", f"Node {n}", n) for n in range(1, count + 1)]
    labels = np.zeros(GRID.shape_kji, dtype=np.uint8)
    for structure in structures:
        labels[3, 30, 2 * structure.label] = structure.label if shown else 0
    return LabelMap(GRID, (labels,), structures)


def test_of_many_structures_the_first_are_shown_and_the_others_counted(tmp_path):
    heights = [
        len(picture(tmp_path / f"{count}.png", nodes(count, shown=False), nodes(count, shown=True)))
        for count in (MAX_STRUCTURES - 1, MAX_STRUCTURES, MAX_STRUCTURES + 3)
    ]
    assert heights[1] - heights[0] > 100
    assert heights[2] - heights[1] == 24


def test_grids_must_be_one_and_nothing_is_overwritten(tmp_path):
    first = box()
    picture(tmp_path / "d.png", first, first)
    with pytest.raises(OutputExistsError):
        picture(tmp_path / "d.png", first, first)
    other = LabelMap(upright((12, 60, 80), (4.0, 1.0, 1.0)), first.layers, first.structures)
    with pytest.raises(GridMismatchError):
        picture(tmp_path / "e.png", first, other)
    assert not (tmp_path / "e.png").exists()
