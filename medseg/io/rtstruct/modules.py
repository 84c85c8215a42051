"""The modules of an RT structure set that are not about contours (PS3.3 A.19.3)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from medseg._version import __version__
from medseg.io.dicom.reference import DicomReference
from medseg.io.exchange import Outgoing
from medseg.io.rtstruct.structure_set import STORAGE_UID
from medseg.io.rtstruct.text import date_and_time, is_zone, long_string, person_name, short_text
from medseg.review.approval import Approval, ApprovalStatus

if TYPE_CHECKING:
    from pydicom import Dataset

_REQUIRED_OF_SERIES = (
    # C.7.1.1 Patient, type 2
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    # C.7.2.1 General Study, type 1 and 2
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
"""What an object must have, empty where the series has it empty or not at all."""

_OPTIONAL_OF_SERIES = (
    # C.7.1.1 Patient
    "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence", "PatientBirthTime",
    "PatientSpeciesDescription", "PatientSpeciesCodeSequence", "PatientBreedDescription",
    "PatientBreedCodeSequence", "BreedRegistrationSequence", "ResponsiblePerson", "ResponsiblePersonRole",
    "ResponsibleOrganization", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "QualityControlSubject",
    # C.7.1.3 Clinical Trial Subject
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName", "ClinicalTrialSiteID",
    "ClinicalTrialSiteName", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID",
    # C.7.2.1 General Study, C.7.2.2 Patient Study
    "StudyDescription", "IssuerOfAccessionNumberSequence", "PatientAge", "PatientSize", "PatientWeight",
    # C.7.4.1 Frame of Reference, C.12.1 SOP Common
    "FrameOfReferenceUID", "PositionReferenceIndicator", "TimezoneOffsetFromUTC",
)  # fmt: skip
"""What goes along where the series has it."""

LABEL = "medseg"
"""Structure Set Label: a short string of 16 characters that planning systems list."""


def modules_of(outgoing: Outgoing, reference: DicomReference) -> Dataset:
    """All modules of a structure set but its ROIs: patient, study, series, equipment, approval.

    Patient and study are those of the series, on purpose: the object belongs to them.
    """
    from pydicom import Dataset

    dataset = Dataset()
    # Whatever the character set of the series, text is decoded and goes out in UTF-8.
    dataset.SpecificCharacterSet = "ISO_IR 192"
    _copy(reference.first, dataset)
    # Also inside the items of sequences: nobody knows what is in there.
    dataset.remove_private_tags()
    zone = str(dataset.get("TimezoneOffsetFromUTC", ""))
    if not is_zone(zone):
        zone = ""
        dataset.pop("TimezoneOffsetFromUTC", None)
    author = person_name(outgoing.author)
    date, time = date_and_time(outgoing.created, zone)
    dataset.SOPClassUID = STORAGE_UID
    # C.8.8.1 RT Series
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesNumber = None
    dataset.SeriesDescription = "Structures by medseg"
    dataset.OperatorsName = author
    # C.7.5.1 General Equipment
    dataset.Manufacturer = "medseg"
    dataset.ManufacturerModelName = "medseg"
    dataset.SoftwareVersions = long_string(outgoing.software or f"medseg {__version__}")
    # C.8.8.5 Structure Set
    dataset.InstanceNumber = "1"
    dataset.StructureSetLabel = LABEL
    dataset.StructureSetDate, dataset.StructureSetTime = date, time
    dataset.StructureSetDescription = short_text(_description(outgoing))
    _approve(dataset, outgoing.approval, zone)
    return dataset


def _copy(source: Dataset, target: Dataset) -> None:
    for keyword in _REQUIRED_OF_SERIES:
        if keyword in source:
            target.add(deepcopy(source[keyword]))
        else:
            setattr(target, keyword, None)
    for keyword in _OPTIONAL_OF_SERIES:
        if keyword in source:
            target.add(deepcopy(source[keyword]))


def _description(outgoing: Outgoing) -> str:
    """Who made it and who decided, with the time zones that dates and times of DICOM leave out."""
    made = f"by {outgoing.author}" if outgoing.author else "by an unknown author"
    if outgoing.created is not None:
        made += f", {outgoing.created.isoformat(timespec='seconds')}"
    approval = outgoing.approval
    if approval.status is ApprovalStatus.UNAPPROVED:
        return f"Made {made}; unapproved"
    at = f", {approval.at.isoformat(timespec='seconds')} (claimed)" if approval.at is not None else ""
    return f"Made {made}; {approval.status.value.lower()} by {approval.reviewer}{at}"


def _approve(dataset: Dataset, approval: Approval, zone: str) -> None:
    """C.8.8.16 Approval: who and when are there exactly where somebody has decided (type 2C)."""
    dataset.ApprovalStatus = approval.status.value
    if approval.status is not ApprovalStatus.UNAPPROVED:
        dataset.ReviewDate, dataset.ReviewTime = date_and_time(approval.at, zone)
        dataset.ReviewerName = person_name(approval.reviewer)
