"""What kind of DICOM object a file holds."""

from __future__ import annotations

from pathlib import Path

_PREAMBLE = 128
"""Bytes before the letters ``DICM``."""


def storage_class(path: Path) -> str | None:
    """The SOP class UID of a DICOM file (PS3.3 C.12.1); None for a file that is none.

    Only files with the preamble of PS3.10 7.1 are looked at: it is asked of every file that somebody drops on
    a window.
    """
    try:
        with path.open("rb") as file:
            if file.read(_PREAMBLE + 4)[_PREAMBLE:] != b"DICM":
                return None
    except OSError:
        return None
    import pydicom

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    try:
        with lenient():
            dataset = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
            uid = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    except (pydicom.errors.InvalidDicomError, OSError, *PARSE_ERRORS):
        return None
    return str(uid) if uid else None
