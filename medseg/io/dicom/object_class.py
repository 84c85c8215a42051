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
    from pydicom.errors import InvalidDicomError

    try:
        dataset = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True)
        return (
            str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "") or None
        )
    # Anything may be in a file, and pydicom raises accordingly.
    except (InvalidDicomError, OSError, ValueError, AttributeError, KeyError, EOFError, NotImplementedError):
        return None
