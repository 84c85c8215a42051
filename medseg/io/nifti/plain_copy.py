"""Copy a label map's NIfTI file without the text that other programs write into headers.

``descrip``, ``aux_file``, other extensions and the file name in a gzip header often name the patient. None of
them is part of the content that a signature covers.
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import numpy as np

from medseg.io.nifti.deflate import gzip_member, usable_threads
from medseg.io.nifti.extension import note_in
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.header import EXTENSION_FLAG_BYTES, Header
from medseg.io.nifti.write import BLOCK_BYTES

_TEXT_FIELDS = ("data_type", "db_name", "descrip", "aux_file", "intent_name", "unused_str")

_OURS = re.compile(rb"medseg [0-9][0-9A-Za-z.+-]*\0*")
"""``descrip`` as medseg writes it."""


def copy_plain(source: Path, target: Path) -> None:
    """Copy one volume: its voxels and every field that means something, byte for byte.

    Args:
        source: ``*.nii`` or ``*.nii.gz``.
        target: ``*.nii.gz``, not there yet; the caller moves it into place.

    Raises:
        UnreadableFileError: Damaged or not NIfTI.
        OSError: It can't be written.
    """
    file = read_nifti(source)
    voxels = np.ascontiguousarray(file.stored).reshape(-1).view(np.uint8).data
    blocks = [memoryview(plain_header(file.header))]
    blocks += [voxels[start : start + BLOCK_BYTES] for start in range(0, len(voxels), BLOCK_BYTES)]
    with target.open("wb") as out, closing(gzip_member(blocks, usable_threads())) as deflated:
        for piece in deflated:
            out.write(piece)


def plain_header(header: Header) -> bytes:
    """What stands before the voxels: the header without foreign text, and medseg's note if there was one."""
    record = np.frombuffer(header.raw, header.fields.dtype).copy()
    names = record.dtype.names or ()
    for name in _TEXT_FIELDS:
        if name in names and not _OURS.fullmatch(header.raw_field(name)):
            record[name] = b""
    note = note_in(header)
    extension = b"" if note is None else note.encoded()
    record["vox_offset"] = len(header.raw) + EXTENSION_FLAG_BYTES + len(extension)
    return record.tobytes() + bytes([bool(extension), 0, 0, 0]) + extension
