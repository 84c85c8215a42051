"""The images that a segmentation refers to (PS3.3 C.12.2, C.8.20.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from medseg.volume import Source, SourceFile

if TYPE_CHECKING:
    from pydicom import Dataset


def source_of(dataset: Dataset) -> tuple[Source, tuple[str, ...]]:
    """The series that the segments were drawn on, its images by UID, and what was left out.

    The digests of the images are empty: a segmentation does not hold them.
    """
    series = [*(dataset.get("ReferencedSeriesSequence") or ())]
    study_uid = _uid(dataset.get("StudyInstanceUID"))
    if len(series) > 1:
        note = f"the segmentation refers to {len(series)} series: none of them was taken for its source"
        return Source("DICOM", study_uid=study_uid), (note,)
    if not series:
        return Source("DICOM", study_uid=study_uid), ("the segmentation names no source series",)
    images = series[0].get("ReferencedInstanceSequence") or ()
    uids = (_uid(image.get("ReferencedSOPInstanceUID")) for image in images)
    return (
        Source(
            "DICOM",
            files=tuple(SourceFile("", uid) for uid in dict.fromkeys(uids) if uid),
            series_uid=_uid(series[0].get("SeriesInstanceUID")),
            study_uid=study_uid,
        ),
        (),
    )


def _uid(value: Any) -> str | None:
    """A UID (PS3.5 9.1); None for what is none: it goes into records, and may be anybody's text."""
    text = str(value or "")
    return text if re.fullmatch(r"[0-9.]{1,64}", text) else None
