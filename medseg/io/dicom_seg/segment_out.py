"""A structure → the description of a segment (PS3.3 C.8.20.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from medseg.io.dicom_seg.codes import TISSUE, category_of, is_writable
from medseg.io.dicom_seg.extras import put_extras
from medseg.io.dicom_seg.text import long_string
from medseg.labelmap import Code, Structure
from medseg.provenance.record import Interpolated

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from pydicom.sr.coding import Code as DicomCode

_FAMILY = ("123104", "DCM", "Morphological Operations")
"""Of CID 7162, Surface Processing Algorithm Families, the one that completing a shape is."""


def describe_segment(
    structure: Structure,
    number: int,
    *,
    series_uid: str,
    completed: Mapping[str, Interpolated],
    software: str,
) -> SegmentDescription:
    """Describe a structure as a segment.

    What was drawn on every slice is ``MANUAL``; what was completed between drawn slices ``SEMIAUTOMATIC``,
    with the method and the software.

    Args:
        structure: The structure.
        number: Its segment number.
        series_uid: The series that it was drawn on; makes the tracking UID unique, and the same each time.
        completed: For each structure id how it was interpolated, if it was.
        software: Name and version of the program that made it.
    """
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.sr.coding import Code as DicomCode

    how = completed.get(structure.id)
    algorithm = how and AlgorithmIdentificationSequence(
        name=long_string(f"medseg {how.method}"),
        family=DicomCode(*_FAMILY),
        version=long_string(software) or "unknown",
        source="medseg",
    )
    code = _code_of(structure)
    segment = SegmentDescription(
        segment_number=number,
        segment_label=long_string(structure.name) or structure.id,
        segmented_property_category=_dicom_code(category_of(code)),
        segmented_property_type=_dicom_code(code),
        algorithm_type="SEMIAUTOMATIC" if algorithm else "MANUAL",
        algorithm_identification=algorithm,
        tracking_id=structure.id,
        tracking_uid=tracking_uid(series_uid, structure.id),
        display_color=CIELabColor.from_rgb(*bytes.fromhex(structure.color[1:])),
    )
    put_extras(segment, structure)
    return segment


def segment_notes(structure: Structure) -> Iterator[str]:
    """What a segment can't hold of a structure, one sentence each."""
    if structure.code is not None and not is_writable(structure.code):
        yield f"{structure.name}: its code does not fit into DICOM and was left out"
    if long_string(structure.name) != structure.name:
        yield f"{structure.name}: other programs show its name shortened"


def tracking_uid(series_uid: str, structure_id: str) -> str:
    """The UID by which a structure of a series is known again in each export (PS3.5 B.2)."""
    digest = sha256(f"{series_uid}\n{structure_id}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"


def _code_of(structure: Structure) -> Code:
    return structure.code if structure.code is not None and is_writable(structure.code) else TISSUE


def _dicom_code(code: Code) -> DicomCode:
    from pydicom.sr.coding import Code as DicomCode

    return DicomCode(code.value, code.scheme, code.meaning)
