"""How many actions a tumour takes: contours on few planes, completed, beside drawing it slice by slice.

A reader who draws exactly the reference uses the tools as the window does, and every stroke, click, key and
notch of the wheel is counted. With the engine the reader draws the slice where the tumour is largest, goes
where Tab leads and draws there, until the proposal has a Dice of 0.95 with the reference, and accepts it
with Shift+Space. Slice by slice every slice of the tumour is drawn.

    python benchmarks/actions_count.py [--data DATA] [--write]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import medseg
from medseg.contour import Contour, Origin, Slice, simplify, trace_slice
from medseg.volume import Volume
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate
from napari_medseg.completing import Snapshot, all_accepted, result_of, suggested
from napari_medseg.tools.polygon import PolygonTool
from napari_medseg.tools.tool import Tool
from napari_medseg.tools.tool_box import ToolBox

Mask = npt.NDArray[np.bool_]

RESULT = Path(__file__).parent / "results" / "actions.md"

ENOUGH_DICE = 0.95

MM_PER_PX = 0.25
"""A tumour of some centimetres fills the canvas."""

CORNER_TOLERANCE_MM = 0.5
"""Who clicks corners leaves out those that change the outline by less: half a pixel of these images."""

LIVER_SEED_KJI, LIVER_RADIUS_MM = (15, 250, 122), 20.0
LESION_MAX_HU, FAT_MAX_HU = 100.0, 30.0
SMOOTHING_PX, CLOSING_PX, OPENING_PX, FAT_RIM_PX = 1.5, 4.0, 2.5, 4.0


@dataclass
class Actions:
    """What a hand did.

    Attributes:
        strokes: Drawn with the button down.
        clicks: Corners that were set.
        keys: Keys that were pressed.
        notches: Of the wheel, from slice to slice.
    """

    strokes: int = 0
    clicks: int = 0
    keys: int = 0
    notches: int = 0

    @property
    def total(self) -> int:
        """Strokes, clicks and keys."""
        return self.strokes + self.clicks + self.keys


@dataclass(eq=False)
class Reader:
    """Draws a reference with a tool, and counts.

    Attributes:
        image: What is looked at.
        truth: The tumour as it shall become, ``[k, j, i]``.
        tool_name: ``Freehand`` or ``Polygon``.
    """

    image: Volume
    truth: Mask
    tool_name: str
    actions: Actions = field(default_factory=Actions)

    def __post_init__(self) -> None:
        self.case = Case(self.image, "image")
        self.structure_id = self.case.add_structure("Tumour").id
        self._box = ToolBox()
        self._tool = self._box.by_name(self.tool_name)
        self._box.take(self._tool)
        self.actions.keys += 1

    def draw(self, where: Slice) -> None:
        """Draw what the tumour has on a slice: its pieces first, then its holes."""
        outlines = trace_slice(
            _cut(self.truth, where), self.image.grid, where, self.structure_id, Origin.DRAWN
        )
        if self.tool_name == "Polygon":
            outlines = simplify(outlines, CORNER_TOLERANCE_MM)
        plane = self.image.grid.plane(where.axis, where.index)
        slate = CaseSlate(self.case, self.structure_id, self.image.grid, where, plane, MM_PER_PX)
        for outline in sorted(outlines, key=lambda one: one.hole):
            ring = plane.to_plane_mm(outline.points_lps_mm)
            DRAW[self.tool_name](self._tool, slate, ring, outline, self.actions)

    def dice(self) -> float:
        """The agreement of all that is drawn and accepted with the reference."""
        found = result_of(self.case.delineation, self.image.grid).label_map.mask(self.structure_id)
        return dice(found, self.truth)


def _stroke(
    tool: Tool, slate: CaseSlate, ring: npt.NDArray[np.float64], one: Contour, count: Actions
) -> None:
    # With Shift a stroke that starts inside cuts: a hole.
    tool.press(slate, ring[0], shift=one.hole)
    for at in (*ring[1:], ring[0]):
        tool.drag(at)
    tool.release(ring[0])
    count.strokes += 1


def _corners(
    tool: Tool, slate: CaseSlate, ring: npt.NDArray[np.float64], one: Contour, count: Actions
) -> None:
    if one.hole:
        count.keys += 2
    assert isinstance(tool, PolygonTool)
    tool.hole = one.hole
    for at in ring:
        tool.press(slate, at)
        tool.release(at)
    tool.double_click(slate, ring[-1])
    # The last corner is set by the first half of the double click.
    count.clicks += len(ring) + 1


DRAW: dict[str, Callable[[Tool, CaseSlate, npt.NDArray[np.float64], Contour, Actions], None]] = {
    "Freehand": _stroke,
    "Polygon": _corners,
}


def slice_by_slice(reader: Reader) -> Iterator[float]:
    """Draw every slice of the acquisition that the tumour reaches; yields the Dice after each."""
    for index in np.flatnonzero(reader.truth.any(axis=(1, 2))):
        reader.draw(Slice(0, int(index)))
        reader.actions.notches += 1
        yield reader.dice()


def completed(reader: Reader) -> Iterator[float]:
    """Draw where Tab leads, until the proposal fits, and accept it; yields its Dice after each contour."""
    where = Slice(0, int(reader.truth.sum(axis=(1, 2)).argmax()))
    while True:
        reader.draw(where)
        snapshot = Snapshot.of(reader.case)
        proposal = all_accepted(snapshot)
        agreement = dice(proposal.result.label_map.mask(reader.structure_id), reader.truth)
        if agreement >= ENOUGH_DICE:
            break
        yield agreement
        where = _next(reader, snapshot)
    reader.case.edit("accept all", proposal.after)
    reader.actions.keys += 1
    yield reader.dice()


def _next(reader: Reader, snapshot: Snapshot) -> Slice:
    """Where Tab leads; where the tumour is not, once more."""
    for suggestion in suggested(snapshot, reader.structure_id):
        reader.actions.keys += 1
        if _cut(reader.truth, suggestion.where).any():
            return suggestion.where
    raise RuntimeError(f"nothing is suggested any more at a Dice below {ENOUGH_DICE}")


def _cut(mask: Mask, where: Slice) -> Mask:
    return np.asarray(mask.take(where.index, axis=where.axis))


def dice(first: Mask, second: Mask) -> float:
    """2 |A ∩ B| / (|A| + |B|)."""
    return float(2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second)))


def sarcoma(data: Path) -> tuple[Volume, Mask]:
    """STS_001's T1 with the tumour that a radiation oncologist contoured."""
    folder = data / "sarcoma_pet_ct_mr" / "nifti" / "STS_001"
    mask = medseg.open_image(folder / "MR_T1_mask.nii.gz")
    return medseg.open_image(folder / "MR_T1_image.nii.gz"), np.asarray(mask.voxels) > 0


def liver_metastasis(data: Path) -> tuple[Volume, Mask]:
    """The largest metastasis of the liver's CT.

    No contours come with the series. The reference is what lies below 100 HU, half-way between liver and
    lesion, around a point in the right lobe, in the smoothed image; gaps of 4 pixels are closed, spurs of 2.5
    and the rim beside the fat taken away; of each slice the largest piece counts.
    """
    image = medseg.open_image(data / "ct_liver_metastases" / "CRLM-CT-1006" / "image")
    spacing_mm = np.array(image.grid.spacing_kji_mm)
    at_mm = (
        np.indices(image.grid.shape_kji) - np.reshape(LIVER_SEED_KJI, (3, 1, 1, 1))
    ) * spacing_mm.reshape(3, 1, 1, 1)
    near = (at_mm**2).sum(axis=0) < LIVER_RADIUS_MM**2
    mask = np.zeros(image.grid.shape_kji, dtype=bool)
    for index in np.flatnonzero(near.any(axis=(1, 2))):
        smooth = ndimage.gaussian_filter(image.voxels[index].astype(np.float64), SMOOTHING_PX)
        fat_rim = ndimage.distance_transform_edt(smooth >= FAT_MAX_HU) <= FAT_RIM_PX
        mask[index] = _tidied((smooth < LESION_MAX_HU) & ~fat_rim & near[index])
    return image, mask


def _tidied(mask: Mask) -> Mask:
    if not mask.any():
        return mask
    wide = ndimage.distance_transform_edt(~mask) <= CLOSING_PX
    closed = ndimage.distance_transform_edt(wide) > CLOSING_PX
    core = ndimage.distance_transform_edt(closed) > OPENING_PX
    if not core.any():
        return np.zeros_like(mask)
    opened = ndimage.binary_fill_holes(ndimage.distance_transform_edt(~core) <= OPENING_PX)
    pieces, count = ndimage.label(opened)
    largest = 1 + int(np.argmax(ndimage.sum_labels(opened, pieces, range(1, count + 1))))
    return np.asarray(pieces == largest, dtype=bool)


CASES: dict[str, Callable[[Path], tuple[Volume, Mask]]] = {
    "STS_001, T1": sarcoma,
    "ct_liver_metastases": liver_metastasis,
}
WAYS: dict[str, Callable[[Reader], Iterator[float]]] = {
    "slice by slice": slice_by_slice,
    "completed": completed,
}


@dataclass(frozen=True)
class Count:
    """One way of drawing one tumour: what it took, and the Dice after each contour."""

    tumour: str
    tool: str
    way: str
    slices: int
    actions: Actions
    dices: Sequence[float]


def count(name: str, data: Path) -> Iterator[Count]:
    """Draw one tumour in both ways with both tools."""
    image, truth = CASES[name](data)
    slices = int(truth.any(axis=(1, 2)).sum())
    for tool in DRAW:
        for way, draw in WAYS.items():
            reader = Reader(image, truth, tool)
            dices = tuple(draw(reader))
            yield Count(name, tool, way, slices, reader.actions, dices)


def table(counts: Sequence[Count]) -> str:
    """The counts as Markdown."""
    lines = [
        "| tumour | tool | way | contours | strokes | clicks | keys | actions | ratio | wheel | Dice |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    whole: dict[tuple[str, str], int] = {}
    for one in counts:
        did = one.actions
        reference = whole.setdefault((one.tumour, one.tool), did.total)
        lines.append(
            f"| {one.tumour}, {one.slices} slices | {one.tool.lower()} | {one.way} | {len(one.dices)} "
            f"| {did.strokes} | {did.clicks} | {did.keys} | {did.total} | {did.total / reference:.2f} "
            f"| {did.notches} | {one.dices[-1]:.3f} |"
        )
    lines += ["", "| tumour | tool | Dice after each contour and its completion |", "| --- | --- | --- |"]
    lines += [
        f"| {one.tumour} | {one.tool.lower()} | {', '.join(f'{value:.2f}' for value in one.dices)} |"
        for one in counts
        if one.way == "completed"
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = os.environ.get("MEDSEG_REAL_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="the real data")
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULT.name}")
    given = parser.parse_args()
    made = table([one for name in CASES for one in count(name, given.data)])
    print(made)
    if given.write:
        RESULT.write_text(INTRODUCTION + "\n" + made, encoding="utf-8")


INTRODUCTION = """# How many actions a tumour takes

Strokes with the button down, clicks and keys, counted while a reader who draws exactly the reference uses the
tools; taking the tool in hand is one key. *Slice by slice*: every slice that the tumour reaches. *Completed*:
first the slice where it is largest, then where Tab leads, until the proposal has a Dice of 0.95 with the
reference; Shift+Space accepts it. Notches of the wheel stand apart, the ratio is that of the actions. Made by
`python benchmarks/actions_count.py --write`.

STS_001's reference is the oncologist's. The CT comes without contours: its reference is the largest
metastasis as a threshold half-way between liver and lesion bounds it (`liver_metastasis` in the script). It
has six slices of 5 mm, each unlike the next (31, 262, 860, 618, 402 and 199 voxels): three contours give
0.92, and 0.95 takes five, so that nothing is saved there. Nor could it be by going elsewhere: half of the
seven actions by freehand leaves one contour beside the keys, no two of the six slices together give more than
0.83, no three more than 0.91, and one contour on each of the three planes gives 0.92.
"""

if __name__ == "__main__":
    main()
