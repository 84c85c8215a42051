"""The picture of agreement: every reader's outline in his colour, and the numbers of each two."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from medseg.errors import GridMismatchError, OutputExistsError
from medseg.io.agreement_picture import COLORS, MAX_STRUCTURES, write_agreement_picture
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.reader_agreement import Reader, compare_readers
from medseg.volume import Quantity, Source, Volume
from solids import upright

GRID = upright((12, 60, 80), (5.0, 1.0, 1.0))
IMAGE = Volume(GRID, np.full(GRID.shape_kji, -40, np.int16), Quantity.HU, Source("phantom"))


def reader(number: int, *, structures: int = 1) -> Reader:
    labels = np.zeros(GRID.shape_kji, dtype=np.uint8)
    labels[3:9, 24 - 3 * number : 36 + 3 * number, 36 - 3 * number : 50 + 3 * number] = 1
    table = tuple(Structure(f"part-{n}", f"Part {n}", n) for n in range(1, structures + 1))
    return Reader(f"Reader {number}", LabelMap(GRID, (labels,), table))


def picture(path, readers, image=IMAGE, **options) -> np.ndarray:
    write_agreement_picture(readers, compare_readers(readers), image, path, title="case-0001", **options)
    with Image.open(path) as shown:
        assert shown.format == "PNG"
        return np.asarray(shown).astype(int)


def count(pixels, color) -> int:
    return int((np.abs(pixels - ImageColor.getrgb(color)).max(axis=-1) < 40).sum())


@pytest.mark.parametrize("readers", [2, 3, 5])
@pytest.mark.parametrize("image", [IMAGE, None])
def test_each_reader_has_his_color(tmp_path, readers, image):
    pixels = picture(tmp_path / "a.png", [reader(number) for number in range(readers)], image)
    for number in range(readers):
        # More than the line of the legend.
        assert count(pixels[80:], COLORS[number]) > 100


def test_only_readers_who_are_there_are_drawn(tmp_path):
    pixels = picture(tmp_path / "a.png", [reader(0), reader(1)])
    assert count(pixels[80:], COLORS[2]) == 0


def test_three_readers_or_more_have_a_table(tmp_path):
    two = picture(tmp_path / "two.png", [reader(0), reader(1)])
    three = picture(tmp_path / "three.png", [reader(0), reader(1), reader(2)])
    assert three.shape[1] > two.shape[1]


def test_more_readers_than_colors_are_counted_but_not_drawn(tmp_path):
    """No two outlines of one colour: those of a ninth reader would be taken for the first one's."""
    many = [reader(0) for _ in COLORS]
    names = [Reader(f"Reader {n}", one.label_map) for n, one in enumerate([*many, reader(3)])]
    wide = picture(tmp_path / "nine.png", names)
    as_first = picture(tmp_path / "first.png", [Reader("Reader 0", reader(3).label_map), *names[1:8]])
    assert count(wide[80:], COLORS[0]) < count(as_first[80:], COLORS[0])
    legend = count(wide[40:56], COLORS[-1])
    assert legend > 20


def test_a_structure_that_only_readers_without_a_color_have(tmp_path):
    nothing = LabelMap(GRID, (np.zeros(GRID.shape_kji, np.uint8),), (Structure("part-2", "Part 2", 2),))
    others = [Reader(f"Reader {n}", nothing) for n in range(len(COLORS))]
    late = [Reader(f"Late {n}", reader(n).label_map) for n in range(2)]
    assert picture(tmp_path / "a.png", [*others, *late], None).size


def test_readers_who_agree_have_no_slices(tmp_path):
    pixels = picture(tmp_path / "a.png", [reader(0), Reader("Same", reader(0).label_map)])
    assert count(pixels[80:], COLORS[0]) == 0


def test_many_structures_are_counted(tmp_path):
    shown = [reader(number, structures=MAX_STRUCTURES + 3) for number in (0, 1)]
    few = [reader(number, structures=MAX_STRUCTURES) for number in (0, 1)]
    heights = [picture(tmp_path / f"{n}.png", who).shape[0] for n, who in enumerate((few, shown))]
    assert heights[1] > heights[0], "a line tells how many are left out"


def test_refusals(tmp_path):
    readers = [reader(0), reader(1)]
    picture(tmp_path / "a.png", readers)
    with pytest.raises(OutputExistsError):
        picture(tmp_path / "a.png", readers)
    picture(tmp_path / "a.png", readers, overwrite=True)
    elsewhere = Volume(upright(GRID.shape_kji, (5.0, 1.0, 1.1)), IMAGE.voxels, Quantity.HU, Source("phantom"))
    with pytest.raises(GridMismatchError):
        picture(tmp_path / "b.png", readers, elsewhere)
    assert not (tmp_path / "b.png").exists()
