"""The Patient and Study modules of a series, as a segmentation of it repeats them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_PATIENT = (
    "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence", "PatientBirthDate", "PatientBirthTime", "PatientSex",
    "EthnicGroup", "PatientComments", "QualityControlSubject", "PatientSpeciesDescription",
    "PatientSpeciesCodeSequence", "PatientBreedDescription", "PatientBreedCodeSequence", "ResponsiblePerson",
    "ResponsiblePersonRole", "ResponsibleOrganization", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
)  # fmt: skip
"""Patient module (PS3.3 C.7.1.1), but for the name."""

_STUDY = (
    "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "StudyDescription", "PatientAge", "PatientSize", "PatientWeight",
)  # fmt: skip
"""General Study and Patient Study modules (C.7.2.1, C.7.2.2), but for the UID.

The patient's history and further people stay with the images.
"""

_TRIAL = (
    "ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName", "ClinicalTrialSiteID",
    "ClinicalTrialSiteName", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID",
)  # fmt: skip
"""Clinical Trial Subject module (C.7.1.3)."""

_KEPT = (*_PATIENT, *_STUDY, *_TRIAL, "PositionReferenceIndicator")

_UNKNOWN = {
    "PatientID": "", "PatientBirthDate": None, "PatientSex": "", "AccessionNumber": "", "StudyID": "",
    "StudyDate": None, "StudyTime": None, "ReferringPhysicianName": "",
}  # fmt: skip
"""Type 2 attributes of those modules, with what stands for an unknown one."""

_SEXES = ("", "M", "F", "O")


def patient_and_study(header: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Copy what a segmentation repeats of the patient and the study, as far as it is valid.

    Returns:
        The attributes, and the keywords of those that were left out because they are no valid DICOM.
    """
    from pydicom import Dataset

    kept, left_out = Dataset(), []
    for keyword in _KEPT:
        element = _copy_of(header, keyword) if keyword in header else None
        if element is not None and _is_valid(keyword, element.value):
            kept.add(element)
        elif keyword in header:
            left_out.append(keyword)
    for keyword, unknown in _UNKNOWN.items():
        if keyword not in kept:
            setattr(kept, keyword, unknown)
    return kept, tuple(left_out)


def _copy_of(header: Dataset, keyword: str) -> DataElement | None:
    """A copy of an element; None for one too damaged to be decoded.

    Texts inside a sequence are decoded too, for they are written in another character set; private elements
    are in no module of the standard.
    """
    from medseg.io.dicom.pydicom_source import PARSE_ERRORS

    try:
        element: DataElement = deepcopy(header[keyword])
        for item in element.value if element.VR == "SQ" else ():
            item.remove_private_tags()
            item.decode()
    except (OSError, *PARSE_ERRORS):
        return None
    return element


def _is_valid(keyword: str, value: Any) -> bool:
    from pydicom.valuerep import DA, TM

    if keyword == "PatientSex":
        return (value or "") in _SEXES
    kind = DA if keyword.endswith("Date") else TM if keyword.endswith("Time") else None
    try:
        if kind is not None and value:
            kind(value)
    except (ValueError, TypeError):
        return False
    return True
