"""What a structure set says about itself: its images, who made it, whether it was approved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from medseg.io.dicom.kinds import VOLUME_CLASSES
from medseg.io.rtstruct.structure_set import Roi
from medseg.volume import Source, SourceFile

if TYPE_CHECKING:
    from pydicom import Dataset


def source_of(dataset: Dataset) -> Source:
    """The series that the structures were drawn on, as far as the file names one.

    Its images are known by UID alone: they have no digest.
    """
    studies = _items(dataset.get("ReferencedFrameOfReferenceSequence"), "RTReferencedStudySequence")
    series = [one for study in studies for one in study.get("RTReferencedSeriesSequence") or ()]
    images = [image for one in series for image in one.get("ContourImageSequence") or ()]
    uids = {str(one.get("SeriesInstanceUID") or "") for one in series}
    classes = {VOLUME_CLASSES.get(str(image.get("ReferencedSOPClassUID"))) for image in images}
    study_uid = str(dataset.get("StudyInstanceUID") or "") or None
    return Source(
        "DICOM",
        tuple(SourceFile("", uid=uid) for uid in dict.fromkeys(_uids(images))),
        series_uid=uids.pop() or None if len(uids) == 1 else None,
        study_uid=study_uid,
        modality=classes.pop() if len(classes) == 1 else None,
    )


def author_of(dataset: Dataset) -> str:
    """Who drew: the only interpreter of all ROIs, else the operator; empty where the file does not say."""
    interpreters = {
        person_of(item.get("ROIInterpreter")) for item in dataset.get("RTROIObservationsSequence") or ()
    } - {""}
    if len(interpreters) == 1:
        return interpreters.pop()
    return person_of(dataset.get("OperatorsName"))


def notes_about(dataset: Dataset, rois: Sequence[Roi]) -> Iterator[str]:
    """What the file says that a label map has no place for."""
    status = _printable(dataset.get("ApprovalStatus"))
    if status and status != "UNAPPROVED":
        reviewer = person_of(dataset.get("ReviewerName")) or "somebody"
        on = _printable(dataset.get("ReviewDate")) or "an unknown date"
        yield f"the file says {status} by {reviewer} on {on}; that is no signature: nothing is approved by it"
    told = [
        f"{roi.name or f'ROI {roi.number}'} {_printable(roi.interpreted_type)}"
        for roi in rois
        if roi.interpreted_type
    ]
    if told:
        yield f"RT ROI interpreted types, which a label map has no place for: {', '.join(told)}"
    empty = [roi.name or f"ROI {roi.number}" for roi in rois if not roi.contours]
    if empty:
        yield f"without any contour: {', '.join(empty)}"


def person_of(value: Any) -> str:
    """A person's name as people write it: ``Doe^Jane`` is Jane Doe; the first of several."""
    from pydicom.multival import MultiValue
    from pydicom.valuerep import PersonName

    if isinstance(value, MultiValue):
        value = value[0] if value else ""
    name = PersonName(str(value or ""))
    parts = (name.name_prefix, name.given_name, name.middle_name, name.family_name, name.name_suffix)
    return _printable(" ".join(filter(None, parts)))


def _printable(value: Any) -> str:
    return "".join(character for character in str(value or "") if character.isprintable()).strip()


def _items(parents: Any, keyword: str) -> list[Dataset]:
    return [item for parent in parents or () for item in parent.get(keyword) or ()]


def _uids(images: Sequence[Dataset]) -> Iterator[str]:
    for image in images:
        uid = str(image.get("ReferencedSOPInstanceUID") or "")
        if uid:
            yield uid
