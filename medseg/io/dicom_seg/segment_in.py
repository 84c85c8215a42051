"""The Segment Sequence → structures (PS3.3 C.8.20.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from medseg.errors import LabelMapError, UnreadableFileError
from medseg.io.dicom_seg.codes import BACKGROUND, TISSUE, code_in
from medseg.io.dicom_seg.extras import Extras, extras_of
from medseg.io.dicom_seg.text import long_string
from medseg.labelmap import Code, Structure, structure_id_for
from medseg.labelmap.structure import MAX_LABEL, NOTHING

if TYPE_CHECKING:
    from pydicom import Dataset

_MODIFIERS = (
    "SegmentedPropertyTypeModifierCodeSequence",
    "AnatomicRegionSequence",
    "PrimaryAnatomicStructureSequence",
)


@dataclass(frozen=True)
class Segment:
    """A segment as the file describes it.

    Attributes:
        number: Its segment number; in a label map the value of its voxels.
        name: Its label, as far as it can be a name.
        color: ``#rrggbb``; empty where the file recommends none.
        code: What it is; None for mere tissue.
        extras: What medseg wrote beside it.
        is_background: Whether it stands for the voxels that belong to nothing.
    """

    number: int
    name: str
    color: str
    code: Code | None
    extras: Extras | None
    is_background: bool


def segments_of(dataset: Dataset) -> tuple[Segment, ...]:
    """The segments that a file describes, in its order.

    Raises:
        UnreadableFileError: There is none, two share a number, or one has none.
    """
    items = list(dataset.get("SegmentSequence") or ())
    numbers = [item.get("SegmentNumber") for item in items]
    # Each a number, not a list of several; and each its own.
    if not items or not all(isinstance(n, int) for n in numbers) or len(set(numbers)) < len(numbers):
        raise UnreadableFileError(
            f"expected a number of its own for each segment, found {len(items)} segments without",
            hint="the file is damaged or breaks the rules of DICOM segmentations",
            reason="damaged-segments",
        )
    palette = _palette_of(dataset, [int(number) for number in numbers])
    return tuple(_segment(item, color) for item, color in zip(items, palette, strict=True))


def own_structures(segments: Sequence[Segment], *, labels_are_numbers: bool) -> dict[int, Structure]:
    """The structures as medseg wrote them, by segment number, with their labels and layers.

    Args:
        segments: The segments, without background.
        labels_are_numbers: Whether voxels hold segment numbers, so that these must be the labels.

    Returns:
        None of them if one was written, added or changed by another program so that they don't fit together.
    """
    structures: dict[int, Structure] = {}
    ids = {segment.extras.id for segment in segments if segment.extras}
    for segment in segments:
        extras = segment.extras
        if extras is None or extras.layer >= len(segments):
            return {}
        is_parted = extras.part_of is None or extras.part_of in ids
        has_label = not labels_are_numbers or (extras.label, extras.layer) == (segment.number, 0)
        if not is_parted or not has_label:
            return {}
        try:
            structures[segment.number] = Structure(
                extras.id,
                # A label that was changed since is the name now.
                extras.name if long_string(extras.name) in ("", segment.name) else segment.name,
                extras.label,
                color=segment.color,
                code=segment.code,
                part_of=extras.part_of,
                layer=extras.layer,
            )
        except LabelMapError:
            return {}
    places = {(one.layer, one.label) for one in structures.values()}
    return structures if len(ids) == len(places) == len(segments) else {}


def named_structures(segments: Sequence[Segment]) -> dict[int, Structure]:
    """Structures by segment number, called as the segments are, with the numbers as labels."""
    structures: dict[int, Structure] = {}
    taken: set[str] = set()
    free = max((segment.number for segment in segments), default=0) + 1
    for segment in segments:
        structure_id = structure_id_for(segment.name, taken)
        taken.add(structure_id)
        label = segment.number or min(free, MAX_LABEL)
        structures[segment.number] = Structure(structure_id, segment.name, label, segment.color, segment.code)
    return structures


def segment_notes(dataset: Dataset, segments: Sequence[Segment]) -> Iterator[str]:
    """What of the segments was left out, one sentence each."""
    items = dataset.SegmentSequence
    refined = sum(any(item.get(keyword) for keyword in _MODIFIERS) for item in items)
    if refined:
        yield f"anatomic regions and modifiers were left out, of {refined} of {len(items)} segments"
    automatic = sum(item.get("SegmentAlgorithmType") == "AUTOMATIC" for item in items)
    if automatic:
        yield f"{automatic} of {len(items)} segments were made by a program alone (AUTOMATIC)"
    if any(segment.is_background and segment.number != 0 for segment in segments):
        yield "a segment that stands for the background was left out"


def _segment(item: Dataset, palette_color: str) -> Segment:
    code = code_in(item.get("SegmentedPropertyTypeCodeSequence") or ())
    label = str(item.get("SegmentLabel") or "")
    printable = "".join(character if character.isprintable() else " " for character in label).strip()
    name = printable if printable not in ("", NOTHING) else f"Segment {item.SegmentNumber}"
    return Segment(
        number=int(item.SegmentNumber),
        name=name,
        color=_color_of(item) or palette_color,
        code=None if code is not None and _kind(code) == _kind(TISSUE) else code,
        extras=extras_of(item),
        is_background=code is not None and _kind(code) == BACKGROUND,
    )


def _kind(code: Code) -> tuple[str, str]:
    return code.scheme, code.value


def _color_of(item: Dataset) -> str:
    """The recommended colour, from CIELab (PS3.3 C.10.7.1.1); empty for none that can be shown."""
    from highdicom.color import CIELabColor

    try:
        value = [int(part) for part in item.get("RecommendedDisplayCIELabValue") or ()]
        return _hexadecimal(CIELabColor.from_dicom_value(value).to_rgb())
    except (ValueError, TypeError):
        return ""


def _palette_of(dataset: Dataset, numbers: Sequence[int]) -> list[str]:
    """The colours of a label map's palette (PS3.3 C.7.6.3.1.5); empty ones where there is none."""
    if dataset.get("PhotometricInterpretation") != "PALETTE COLOR":
        return [""] * len(numbers)
    try:
        channels = [_channel(dataset, color, np.array(numbers)) for color in ("Red", "Green", "Blue")]
    except (AttributeError, LookupError, TypeError, ValueError):
        # Palettes in segments are not unfolded.
        return [""] * len(numbers)
    return [_hexadecimal(rgb) for rgb in zip(*channels, strict=True)]


def _channel(dataset: Dataset, color: str, numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """What a palette has for some numbers in one colour, of 8 bits."""
    entries, first, bits = dataset[f"{color}PaletteColorLookupTableDescriptor"].value
    data = dataset[f"{color}PaletteColorLookupTableData"].value
    table = np.frombuffer(data, "<u2" if bits > 8 else np.uint8)[: entries or MAX_LABEL + 1]
    # Numbers beyond the table have the colour of its end (PS3.3 C.7.6.3.1.5).
    found = table[np.clip(numbers - first, 0, len(table) - 1)]
    return np.asarray(found >> 8 if bits > 8 else found)


def _hexadecimal(rgb: Iterable[int]) -> str:
    return "#" + bytes(int(part) for part in rgb).hex()
