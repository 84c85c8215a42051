"""What in a file can't be right before a pixel of it is read: a header cut off, pixels of another length."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import UnreadableFileError
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.kinds import DIRECTORY_CLASS
from medseg.io.dicom.terms import uid_name
from medseg.io.dicom.walk import (
    DEFLATED,
    NATIVE_SYNTAXES,
    PIXEL_TAGS,
    UNDEFINED_LENGTH,
    Source,
    WalkedFile,
)

_SERIES_UID = 0x0020000E


def require_identified(dataset: Source, sop_class_uid: str, path: Path) -> None:
    """Refuse a header that ends before, or inside of, the UID of its series: it belongs to nobody.

    Objects that are about no patient, such as hanging protocols, rightly have none.
    """
    if sop_class_uid == DIRECTORY_CLASS or max(dataset.tags, default=0) > _SERIES_UID:
        return
    name = uid_name(sop_class_uid)
    if name in ("", sop_class_uid) or name.endswith("Image Storage"):
        raise UnreadableFileError(
            f"{path.name} is truncated: its header ends before the series is named",
            reason="unreadable",
        )


def pixel_damage(walked: WalkedFile, root: Elements) -> str:
    """What is wrong with the length of the pixel data.

    Encapsulated pixels have no length to compare with: they show their damage when decoded.
    """
    pixels, syntax = walked.pixels, walked.transfer_syntax_uid
    if pixels is None:
        # pydicom doesn't say where the pixels of a deflated file begin; they are looked at when read.
        return "" if syntax == DEFLATED else "the file ends before its pixels"
    if pixels.tag not in PIXEL_TAGS:
        return "no pixels where they were expected"
    if pixels.length == UNDEFINED_LENGTH:
        return "compressed pixels in an uncompressed syntax" if syntax in NATIVE_SYNTAXES else ""
    if pixels.present < pixels.length:
        return f"truncated: expected {pixels.length} bytes of pixels, found {pixels.present}"
    return _length_damage(root, pixels.length) if syntax in NATIVE_SYNTAXES else ""


def _length_damage(elements: Elements, length: int) -> str:
    """What is wrong with so many bytes of native pixels: too many are as wrong as too few."""
    samples, frames = elements.whole("SamplesPerPixel", 1), elements.whole("NumberOfFrames", 1)
    bits = elements.whole("BitsAllocated", 0)
    if samples != 1 or bits % 8:
        return ""  # colour and packed bits are refused as what they are
    expected = frames * elements.whole("Rows", 0) * elements.whole("Columns", 0) * bits // 8
    if length in (expected, expected + expected % 2):  # PS3.5 8.1.1: padded to an even length
        return ""
    frames_text = f" of {frames} frames" if frames > 1 else ""
    return f"its rows and columns{frames_text} take {expected} bytes of pixels, but it has {length}"
