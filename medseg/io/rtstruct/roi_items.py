"""An ROI as items of the sequences of a structure set (PS3.3 C.8.8.5, C.8.8.6, C.8.8.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from medseg.contour import Origin
from medseg.io.dicom_seg.codes import is_writable
from medseg.io.rtstruct.contour_data import text_of
from medseg.io.rtstruct.roi_contours import CLOSED
from medseg.io.rtstruct.roi_lines import Line, RoiLines
from medseg.io.rtstruct.structures import interpreted_type
from medseg.io.rtstruct.text import long_string, person_name, short_text
from medseg.labelmap import Structure

if TYPE_CHECKING:
    from pydicom import Dataset

ImageItem = Callable[[int], "Dataset"]
"""Makes the item that refers to the image of slice ``k``."""


def roi_item(lines: RoiLines, number: int, frame_of_reference_uid: str, method: str) -> Dataset:
    """Item of the Structure Set ROI Sequence.

    Args:
        lines: What goes out of the structure.
        number: ROI Number.
        frame_of_reference_uid: The space of the contours.
        method: How the structure was interpolated; empty where it was not.
    """
    from pydicom import Dataset

    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = frame_of_reference_uid
    item.ROIName = long_string(lines.structure.name)
    item.ROIDescription = short_text(_description(lines, method))
    item.ROIGenerationAlgorithm = _generation(lines)
    if method:
        item.ROIGenerationDescription = long_string(f"interpolated: {method}")
    return item


def contours_item(lines: RoiLines, number: int, image_item: ImageItem) -> Dataset:
    """Item of the ROI Contour Sequence: first the contours as they are, then what was outlined and traced."""
    from pydicom import Dataset

    item = Dataset()
    color = lines.structure.color
    item.ROIDisplayColor = [int(color[n : n + 2], 16) for n in (1, 3, 5)]
    contours = [
        _contour_item(line, contour_number, image_item)
        for contour_number, line in enumerate((*lines.as_drawn, *lines.outlined, *lines.traced), 1)
    ]
    if contours:
        item.ContourSequence = contours
    item.ReferencedROINumber = number
    return item


def observation_item(structure: Structure, number: int, author: str) -> Dataset:
    """Item of the RT ROI Observations Sequence."""
    from pydicom import Dataset

    item = Dataset()
    item.ObservationNumber = number
    item.ReferencedROINumber = number
    if structure.code is not None and is_writable(structure.code):
        code = Dataset()
        code.CodeValue = structure.code.value
        code.CodingSchemeDesignator = structure.code.scheme
        code.CodeMeaning = structure.code.meaning
        item.RTROIIdentificationCodeSequence = [code]
    item.RTROIInterpretedType = interpreted_type(structure)
    item.ROIInterpreter = person_name(author)
    return item


def notes_on_item(structure: Structure) -> Iterator[str]:
    """What of a structure a structure set can't hold."""
    if long_string(structure.name) != structure.name:
        yield f"{structure.name}: the name goes out as {long_string(structure.name)!r}"
    if structure.code is not None and not is_writable(structure.code):
        yield f"{structure.name}: its code does not fit into DICOM and is left out"


def _contour_item(line: Line, number: int, image_item: ImageItem) -> Dataset:
    from pydicom import DataElement, Dataset

    item = Dataset()
    item.ContourImageSequence = [image_item(line.k)]
    item.ContourGeometricType = CLOSED
    item.NumberOfContourPoints = len(line.points_lps_mm)
    item.ContourNumber = number
    # As one text: an object a number, as pydicom would make them, takes a second for 100,000 points.
    item.add(DataElement("ContourData", "DS", text_of(line.points_lps_mm), already_converted=True))
    return item


def _description(lines: RoiLines, method: str) -> str:
    """Which contours are which: the standard has no place for it on a contour, but contours have numbers."""
    voxels = f"voxels, interpolated by {method}" if method else "voxels"
    origins = "/".join(origin.value for origin in Origin if origin in lines.origins)
    groups = (
        (lines.as_drawn, f"{origins} on these slices, vertex by vertex"),
        (lines.outlined, "outline of contours that overlap"),
        (lines.traced, f"traced from {voxels}"),
    )
    return "; ".join(_numbered(groups)) or "Empty"


def _numbered(groups: Sequence[tuple[Sequence[Line], str]]) -> Iterator[str]:
    first = 1
    for lines, what in groups:
        last = first + len(lines) - 1
        if lines:
            yield f"Contours {first}-{last}: {what}" if last > first else f"Contour {first}: {what}"
        first = last + 1


def _generation(lines: RoiLines) -> str:
    """ROI Generation Algorithm (3006,0036), as far as it is known: of imported contours it is not."""
    origins = set(lines.origins)
    if lines.traced and origins:
        origins.add(Origin.INTERPOLATED)
    by_program = origins & {Origin.INTERPOLATED, Origin.ASSISTED}
    if not origins or origins == {Origin.IMPORTED}:
        return ""
    if origins == by_program:
        return "AUTOMATIC"
    return "SEMIAUTOMATIC" if by_program else "MANUAL"
