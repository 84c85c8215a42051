"""What tells who the patient is: read only where ``--keep-phi`` asks for it, and kept out of ImageHeader."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import UnreadableFileError
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.header import open_header

_KEYWORDS = ("PatientID", "StudyDate", "SeriesDescription", "SeriesNumber", "ProtocolName")


def identifying_texts(path: Path) -> dict[str, str]:
    """Read what identifies a patient and an examination from one file.

    Returns:
        By keyword, as UTF-8 or Latin-1 text; empty where it is absent. Of a name the alphabetic form only
        (PS3.5 6.2.1.1), without trailing separators.

    Raises:
        UnreadableFileError: The file can't be read, or is no longer DICOM.
    """
    walked = open_header(path)
    if walked is None:
        raise UnreadableFileError("a file is no longer DICOM", reason="unreadable")
    elements = Elements(walked[1].dataset)
    name = elements.text("PatientName").partition("=")[0].rstrip("^ ")
    return {"PatientName": name} | {keyword: elements.text(keyword) for keyword in _KEYWORDS}
