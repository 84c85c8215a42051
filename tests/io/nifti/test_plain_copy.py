"""Label maps are copied without the text of other programs, and with all that a signature covers."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest

from medseg.errors import UnreadableFileError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.label_map import read_note
from medseg.io.nifti.plain_copy import copy_plain
from signed_cases import labels, write_case, write_layered_case


def copied(files: LabelMapFiles, tmp_path) -> LabelMapFiles:
    folder = tmp_path / "copy"
    folder.mkdir()
    copy = LabelMapFiles(folder / f"{files.stem}.nii.gz")
    copy_plain(files.nifti, copy.nifti)
    for path in (files.structures, files.provenance, files.contours):
        (folder / path.name).write_bytes(path.read_bytes())
    return copy


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_the_content_is_the_same_and_no_text_is_left(tmp_path, kind, order, ending):
    files = write_case(tmp_path / "case")
    files.nifti.unlink()
    files = LabelMapFiles(files.nifti.with_name(f"case_dseg{ending}"))
    header = kind.header_class(endianness=order)
    header.set_data_dtype("u2")
    image = kind(labels().astype(np.uint16), np.diag([1, 2, 3, 1]), header)
    image.header["descrip"] = b"Doe^Jane"
    image.header["aux_file"] = b"Doe^Jane"
    image.header["intent_name"] = b"Doe^Jane"
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Doe^Jane"))
    nibabel.save(image, files.nifti)
    copy = copied(files, tmp_path)
    assert read_content(copy).digest() == read_content(files).digest()
    assert b"Doe" not in gzip.decompress(copy.nifti.read_bytes())
    assert np.array_equal(read_nifti(copy.nifti).native, read_nifti(files.nifti).native)


def test_the_note_of_medseg_comes_along(tmp_path):
    files = write_layered_case(tmp_path / "case")
    copy = copied(files, tmp_path)
    assert read_note(copy.nifti) == read_note(files.nifti)
    assert copy.nifti.read_bytes() == files.nifti.read_bytes()


def test_a_damaged_file_is_not_copied(tmp_path):
    files = write_case(tmp_path / "case")
    files.nifti.write_bytes(files.nifti.read_bytes()[:-20])
    with pytest.raises(UnreadableFileError):
        copied(files, tmp_path)
