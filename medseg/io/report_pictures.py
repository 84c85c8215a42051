"""Pictures of a report: the slices that a radiologist would choose, and the structures in 3-D.

Each lesion is shown on the slice of its longest diameter, with the line and the one across it; the first also
across the acquisition. Then come whole slices on which the structures are largest. All pictures have
one size.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from medseg.contour import Slice
from medseg.io.contact_sheet import (
    BACKGROUND,
    CAPTION_HEIGHT,
    SUPERSAMPLING,
    TEXT,
    TILE_WIDTH,
    customary_window,
    font,
    on_tile,
    pixels_per_mm,
    tile,
)
from medseg.io.contact_sheet_case import SheetCase
from medseg.io.difference_picture import draw_scale
from medseg.io.history_pictures import VIEW_NAMES, Picture, silhouettes
from medseg.io.surface_picture import FRONT, LEFT, PAPER, scene_of
from medseg.labelmap import LabelMap
from medseg.measurement.measured import Line
from medseg.measurement.structures import StructureVoxels, voxels_of_each
from medseg.volume import Volume

Box = tuple[tuple[int, int], ...]

CELL = (TILE_WIDTH, TILE_WIDTH + CAPTION_HEIGHT)
"""Width and height of all pictures, in pixels."""

MAX_SLICES = 7
"""With two pictures in 3-D three rows of three: what fits on a page."""

MAX_LESIONS = 3
"""Pictures; the table has them all."""

LESION_MARGIN_MM = 30.0
LEAST_SIDE_MM = 90.0
"""A lesion's neighbourhood: enough to know where one is."""

LINE_COLOR = "#ffffff"
LINE_WIDTH, END_MARK = 1.6, 4.0
"""Pixels of the finished picture: of the lines, and half the length of the marks at their ends."""

APART_MM = 15.0
"""Slices that lie nearer to each other show much the same."""

ACROSS_DASH = 5.0
"""The line across is dashed, to be told from the longest one without colour."""


@dataclass(frozen=True)
class Lesion:
    """A lesion with the lines of its diameters.

    Attributes:
        structure_id: Which structure.
        longest: Its longest diameter in the plane of acquisition.
        across: The longest one perpendicular to that in the same slice.
        words: Both diameters for people, such as ``65.4 × 48.0 mm``.
    """

    structure_id: str
    longest: Line
    across: Line | None
    words: str


@dataclass(frozen=True)
class _Part(SheetCase):
    """A case of which only a part is shown."""

    region: Box

    @cached_property
    def box(self) -> Box:
        """First and last index + 1 to show along each anatomical axis."""
        return self.region


def slices_of(
    label_map: LabelMap,
    image: Volume | None,
    lesions: Sequence[Lesion],
    *,
    window: tuple[float, float] | None = None,
) -> tuple[Picture, ...]:
    """Choose the key slices and draw them with the outlines of all structures.

    Args:
        label_map: The structures.
        image: The image, on their grid; without it they are shown as silhouettes.
        lesions: Those to be shown one by one, the most important first.
        window: The values shown as black and white; None for what is customary for the quantity.

    Raises:
        GridMismatchError: Image and label map lie on different grids.
    """
    if image is None:
        image, window = silhouettes(label_map), (0.0, 1.0)
    image.grid.require_same_as(label_map.grid, "image of a report")
    case = SheetCase(image, label_map, window or customary_window(image), None)
    cut = {voxels.structure.id: voxels for voxels in voxels_of_each(label_map) if not voxels.is_empty}
    shown = [lesion for lesion in lesions if lesion.structure_id in cut][:MAX_LESIONS]
    pictures: list[Picture] = []
    for number, lesion in enumerate(shown):
        pictures += _of_lesion(case, cut[lesion.structure_id], lesion, in_three_views=number == 0)
    if shown and len(pictures) < MAX_SLICES:
        # Where in the body it is.
        where = Slice(0, _index(shown[0].longest))
        name = label_map.structure(shown[0].structure_id).name
        pictures.insert(3, _whole(case, where, f"{name}: the whole slice"))
    of_lesions = len(pictures)
    pictures += _largest(case, cut, {_index(lesion.longest) for lesion in shown})
    # Whole rows of three with the two pictures in 3-D, but no lesion is left out for that.
    whole_rows = max((count for count in (1, 4, MAX_SLICES) if count <= len(pictures)), default=0)
    return tuple(pictures[: max(whole_rows, of_lesions)])


def surfaces_of(label_map: LabelMap) -> tuple[Picture, ...]:
    """The structures in 3-D from the front and from the left; empty where there are no voxels."""
    scene = scene_of(label_map, pixels=TILE_WIDTH)
    if scene is None:
        return ()
    names = ", ".join(body.surface.structure.name for body in scene.bodies)
    return tuple(
        Picture(_png(_in_cell(scene.picture(side), PAPER)), f"3-D, {side.name}", names)
        for side in (FRONT, LEFT)
    )


def _index(line: Line) -> int:
    return line.slice_index or 0


def _of_lesion(
    case: SheetCase, voxels: StructureVoxels, lesion: Lesion, *, in_three_views: bool
) -> Iterator[Picture]:
    part = _Part(case.volume, case.label_map, case.window, None, _around(case, voxels))
    main = case.order.axes.index(0)
    name = voxels.structure.name
    middle = _middle(case, voxels)
    at = _anatomical(case, Slice(0, _index(lesion.longest)))
    shown = tile(part, main, at)
    _draw_lines(shown, part, main, lesion)
    yield _picture(shown, part, f"{name}: {lesion.words}", VIEW_NAMES[main])
    for axis in range(3):
        if axis != main and in_three_views:
            yield _picture(tile(part, axis, middle[axis]), part, name, VIEW_NAMES[axis])


def _largest(case: SheetCase, cut: Mapping[str, StructureVoxels], taken: set[int]) -> Iterator[Picture]:
    """Whole slices on which structures are largest, the largest structure first."""
    step_mm = case.volume.grid.spacing_kji_mm[0]
    for voxels in sorted(cut.values(), key=lambda one: -np.count_nonzero(one.mask)):
        areas = np.count_nonzero(voxels.mask, axis=(1, 2))
        k = int(np.argmax(areas)) + voxels.box[0].start
        if all(abs(k - other) * step_mm >= APART_MM for other in taken):
            taken.add(k)
            yield _whole(case, Slice(0, k), f"{voxels.structure.name}: its largest slice")


def _whole(case: SheetCase, where: Slice, words: str) -> Picture:
    main = case.order.axes.index(0)
    whole = tuple((0, count) for count in case.occupied.shape)
    part = _Part(case.volume, case.label_map, case.window, None, whole)
    return _picture(tile(part, main, _anatomical(case, where)), part, words, VIEW_NAMES[main])


def _around(case: SheetCase, voxels: StructureVoxels) -> Box:
    """A cube in mm around a structure, as far as the image goes."""
    low, high = _extent(case, voxels)
    spacing = np.array(case.spacing_mm)
    side_mm = max(float(((high - low) * spacing).max()) + 2 * LESION_MARGIN_MM, LEAST_SIDE_MM)
    half = side_mm / 2 / spacing
    middle = (low + high) / 2
    first = np.floor(middle - half).astype(int).clip(0)
    last = np.minimum(np.ceil(middle + half).astype(int), case.occupied.shape)
    return tuple((int(a), int(b)) for a, b in zip(first, last, strict=True))


def _middle(case: SheetCase, voxels: StructureVoxels) -> tuple[int, ...]:
    """The index in the middle of a structure's voxels along each anatomical axis."""
    inside = np.argwhere(voxels.mask) + [side.start for side in voxels.box]
    return tuple(int(n) for n in np.rint(np.median(case.order.to_anatomical(inside), axis=0)))


def _extent(case: SheetCase, voxels: StructureVoxels) -> tuple[npt.NDArray[np.float64], ...]:
    ends = case.order.to_anatomical([[s.start for s in voxels.box], [s.stop - 1 for s in voxels.box]])
    return ends.min(axis=0), ends.max(axis=0) + 1


def _anatomical(case: SheetCase, where: Slice) -> int:
    index = np.zeros(3)
    index[where.axis] = where.index
    return round(float(case.order.to_anatomical(index)[case.order.axes.index(where.axis)]))


def _draw_lines(shown: Image.Image, part: SheetCase, axis: int, lesion: Lesion) -> None:
    mask = Image.new("L", (shown.width * SUPERSAMPLING, shown.height * SUPERSAMPLING))
    draw = ImageDraw.Draw(mask)
    for line, dashed in ((lesion.longest, False), (lesion.across, True)):
        if line is not None:
            ends = np.array([line.start_lps_mm, line.end_lps_mm])
            start, end = (on_tile(part, axis, ends) + 0.5) * SUPERSAMPLING
            _draw_line(draw, start, end, dashed=dashed)
    mask = mask.reduce(SUPERSAMPLING)
    shown.paste(Image.new("RGB", shown.size, LINE_COLOR), mask=mask)


def _draw_line(
    draw: ImageDraw.ImageDraw,
    start: npt.NDArray[np.float64],
    end: npt.NDArray[np.float64],
    *,
    dashed: bool,
) -> None:
    width = round(LINE_WIDTH * SUPERSAMPLING)
    length = float(np.linalg.norm(end - start))
    if not length:
        return
    along = (end - start) / length
    mark = np.array([-along[1], along[0]]) * END_MARK * SUPERSAMPLING
    for place in (start, end):
        draw.line([*(place - mark), *(place + mark)], 255, width)
    step = ACROSS_DASH * SUPERSAMPLING if dashed else length
    for at in np.arange(0, length, 2 * step):
        draw.line([*(start + along * at), *(start + along * min(at + step, length))], 255, width)


def _picture(shown: Image.Image, part: SheetCase, words: str, view: str) -> Picture:
    draw_scale(ImageDraw.Draw(shown), shown, pixels_per_mm(part))
    cell = _in_cell(shown, BACKGROUND)
    ImageDraw.Draw(cell).text((cell.width - 4, CAPTION_HEIGHT - 5), view, TEXT, font(13), "rs")
    return Picture(_png(cell), view, words)


def _in_cell(shown: Image.Image, background: str) -> Image.Image:
    """A picture in the middle of one of :data:`CELL`'s size, made smaller where it is larger."""
    shown.thumbnail(CELL, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", CELL, background)
    cell.paste(shown, ((cell.width - shown.width) // 2, (cell.height - shown.height) // 2))
    return cell


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
