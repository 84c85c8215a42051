"""Write an RT structure set that belongs to a DICOM series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.errors import LabelMapError
from medseg.io.atomic import write_whole
from medseg.io.dicom.reference import DicomReference
from medseg.io.exchange import Outgoing
from medseg.io.rtstruct.modules import modules_of
from medseg.io.rtstruct.roi_items import contours_item, notes_on_item, observation_item, roi_item
from medseg.io.rtstruct.roi_lines import RoiLines, lines_of
from medseg.io.rtstruct.structure_set import STORAGE_UID

if TYPE_CHECKING:
    from pydicom import Dataset

DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management: what Referenced SOP Class UID (0008,1150) of a study is (PS3.3 C.8.8.5).

It was retired, and nothing took its place; every planning system writes it.
"""

PATIENT_NOTE = "the file names the patient and the study, as the series does: handle it like the images"


def write_rtstruct(
    outgoing: Outgoing, reference: DicomReference, path: Path | str, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write the structures of a label map as an RT structure set (PS3.3 A.19.3).

    Contours on slices of the acquisition go out vertex by vertex; holes are joined with their outline by
    keyholes. Every other slice on which a structure, or a part of it, has voxels is traced from these. ROI
    Description tells by their numbers which contours are which.

    The same arguments give the same bytes. Implicit VR is written, because in explicit VR a contour may have
    only 65,534 characters (PS3.3 C.8.8.6, note to Contour Data).

    Args:
        outgoing: The label map and all that is known about it.
        reference: The series that it was drawn on.
        path: The file to write.
        overwrite: Whether a file that is there already is replaced.

    Returns:
        What was traced, left out or changed, one sentence each.

    Raises:
        GridMismatchError: The label map does not lie on the grid of the series.
        LabelMapError: There is no structure.
        ContourError: A contour lies metres away from any patient.
        OutputExistsError: The file exists, and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    label_map = outgoing.label_map
    label_map.grid.require_same_as(reference.grid, "label map and DICOM series")
    if not label_map.structures:
        raise LabelMapError("expected at least one structure for an RT structure set", reason="no-structures")
    rois = [lines_of(structure, label_map, outgoing.contours) for structure in label_map.structures]
    write_whole(Path(path), _encoded(_dataset(outgoing, reference, rois)), overwrite=overwrite)
    return (
        PATIENT_NOTE,
        *(note for roi in rois for note in (*notes_on_item(roi.structure), *roi.notes)),
    )


def _dataset(outgoing: Outgoing, reference: DicomReference, rois: Sequence[RoiLines]) -> Dataset:
    from medseg.io.dicom.pydicom_source import lenient

    # The series may hold odd values, which are not ours to judge.
    with lenient():
        dataset = modules_of(outgoing, reference)
        image_item = _image_items(reference)
        frame_uid = str(reference.first.FrameOfReferenceUID)
        dataset.ReferencedFrameOfReferenceSequence = [_referenced_frame(reference, image_item)]
        methods = {key: completed.method for key, completed in outgoing.completed.items()}
        numbered = list(enumerate(rois, 1))
        dataset.StructureSetROISequence = [
            roi_item(roi, number, frame_uid, methods.get(roi.structure.id, "")) for number, roi in numbered
        ]
        dataset.ROIContourSequence = [contours_item(roi, number, image_item) for number, roi in numbered]
        dataset.RTROIObservationsSequence = [
            observation_item(roi.structure, number, outgoing.author) for number, roi in numbered
        ]
    return dataset


def _image_items(reference: DicomReference) -> Callable[[int], Dataset]:
    from pydicom import Dataset

    def image_item(k: int) -> Dataset:
        image = reference.slice_at(k)
        item = Dataset()
        item.ReferencedSOPClassUID = str(image.SOPClassUID)
        item.ReferencedSOPInstanceUID = str(image.SOPInstanceUID)
        if reference.is_multi_frame:
            item.ReferencedFrameNumber = reference.frames[k]
        return item

    return image_item


def _referenced_frame(reference: DicomReference, image_item: Callable[[int], Dataset]) -> Dataset:
    """Item of the Referenced Frame of Reference Sequence: the study, the series, and all its images."""
    from pydicom import Dataset

    series = Dataset()
    series.SeriesInstanceUID = str(reference.first.SeriesInstanceUID)
    series.ContourImageSequence = [image_item(k) for k in range(reference.grid.shape_kji[0])]
    study = Dataset()
    study.ReferencedSOPClassUID = DETACHED_STUDY
    study.ReferencedSOPInstanceUID = str(reference.first.StudyInstanceUID)
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = str(reference.first.FrameOfReferenceUID)
    frame.RTReferencedStudySequence = [study]
    return frame


def _encoded(dataset: Dataset) -> bytes:
    """The file, with UIDs that derive from all else in it: another content never has the same."""
    from pydicom.uid import generate_uid

    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, keyword, "")
    digest = sha256(_file(dataset, "2.25.0")).hexdigest()
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[digest, "series"])
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[digest, "instance"])
    return _file(dataset, str(dataset.SOPInstanceUID))


def _file(dataset: Dataset, sop_instance_uid: str) -> bytes:
    from pydicom import dcmwrite
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ImplicitVRLittleEndian

    from medseg.io.dicom.pydicom_source import lenient

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(STORAGE_UID)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.file_meta = meta
    buffer = BytesIO()
    with lenient():
        dcmwrite(buffer, dataset, enforce_file_format=True, overwrite=True)
    return buffer.getvalue()
