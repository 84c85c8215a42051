"""The note in a label map's header: what it says, and that it is found out on another image."""

from __future__ import annotations

import json
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.nifti1 import Nifti1Extension

from medseg.contour import ContourSet
from medseg.io.dicom import write_series
from medseg.io.nifti.extension import FOREIGN, LabelMapNote, note_in
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.write import write_voxels
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.voxel_digest import voxels_sha256
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.inspect import inspect
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from signed_cases import make_site
from solids import lump, upright

GRID = upright((6, 12, 10), (2.5, 1, 1))
TUMOUR = Structure("tumour", "Tumour", 1)


def save(path, radius=3.0, **options):
    voxels = lump(GRID, radius, bumps=0.3).astype(np.uint8)
    assert not np.array_equal(voxels, voxels[:, :, ::-1])
    label_map = LabelMap(GRID, (voxels,), (TUMOUR,))
    options = {"source": Source("phantom"), "contours": ContourSet(), "author": "Ada"} | options
    return save_label_map(path, label_map, grid=GRID, **options)


@pytest.fixture
def files(tmp_path):
    return save(tmp_path / "a_dseg.nii.gz")


def test_nibabel_reads_the_note_as_an_ascii_comment(files):
    image = nibabel.load(files.nifti)
    (extension,) = image.header.extensions
    assert extension.get_code() == 6
    assert extension.get_sizeondisk() % 16 == 0
    text = extension.text.rstrip("\0")
    assert text.isascii()
    note = json.loads(text)
    assert note == {
        "schema": "medseg-label-map/1",
        "subject": None,
        "revision": 1,
        "layer": 0,
        "voxels_sha256": voxels_sha256(np.asarray(image.dataobj).T),
        "attestation": "urn:medseg:sign-off:1",
    }
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, open_label_map(files.nifti).label_map.voxels)


def test_the_revision_counts_the_saves_of_a_draft(files):
    assert open_label_map(files.nifti).revision == 1
    for expected in (2, 3):
        save(files.nifti, expected + 1.0, overwrite=True)
        assert open_label_map(files.nifti).revision == expected


def test_it_never_tells_a_state_of_the_sign_off(files, tmp_path):
    site = make_site(tmp_path / "site")
    before = files.nifti.read_bytes()
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    assert files.nifti.read_bytes() == before


def test_the_same_label_map_gives_the_same_bytes(tmp_path):
    first, second = (save(tmp_path / f"{name}_dseg.nii.gz") for name in "ab")
    assert first.nifti.read_bytes() == second.nifti.read_bytes()


def carried_onto(files, voxels, path, affine=None):
    """What nibabel makes of other voxels under the label map's header."""
    old = nibabel.load(files.nifti)
    nibabel.save(nibabel.Nifti1Image(voxels, old.affine if affine is None else affine, old.header), path)
    assert len(nibabel.load(path).header.extensions) == 1
    return path


def test_on_another_image_it_is_found_out(files, tmp_path):
    voxels = np.asarray(nibabel.load(files.nifti).dataobj)
    others = {
        "image": np.random.default_rng(1).integers(0, 900, voxels.shape, dtype=np.int16),
        "flipped": voxels[::-1],
        "resampled": voxels.repeat(2, axis=0),
    }
    for name, other in others.items():
        path = carried_onto(files, other, tmp_path / f"{name}.nii.gz")
        assert any(FOREIGN in warning for warning in open_image(path).warnings), name
        (summary,) = inspect(path)
        assert any(FOREIGN in warning for warning in summary.warnings), name
    label_map = carried_onto(files, voxels[::-1], tmp_path / "b_dseg.nii.gz")
    assert open_label_map(label_map).warnings == (FOREIGN,)


def test_verify_says_it_too(files, tmp_path):
    site = make_site(tmp_path / "site")
    foreign = save(tmp_path / "other_dseg.nii.gz", 4.0)
    raw = nibabel.load(files.nifti)
    note = nibabel.load(foreign.nifti).header.extensions[0]
    image = nibabel.Nifti1Image(np.asarray(raw.dataobj), None, raw.header)
    image.header.extensions[:] = [note]
    nibabel.save(image, files.nifti)
    site.sign(files, "ada", "submitted")
    verification = site.verify(files)
    assert verification.holds
    assert FOREIGN in verification.warnings


def test_a_rewrite_that_keeps_or_drops_it_stays_silent(files, tmp_path):
    kept, dropped = tmp_path / "kept_dseg.nii.gz", tmp_path / "dropped_dseg.nii.gz"
    nibabel.save(nibabel.load(files.nifti), kept)
    SimpleITK.WriteImage(SimpleITK.ReadImage(files.nifti), dropped)
    assert open_label_map(kept).warnings == open_label_map(dropped).warnings == ()
    assert open_label_map(kept).revision == 1
    assert open_label_map(dropped).revision is None


def test_the_subject_is_the_pseudonym_of_conversions(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    series = Volume(GRID, np.zeros(GRID.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    write_series(
        series, tmp_path / "dicom", modality="CT", uid_seed="a", patient_name="Doe^Jane", patient_id="4711"
    )
    assert open_image(tmp_path / "dicom").source.subject is None
    assert not (tmp_path / "config").exists()  # opening an image makes no secret
    from medseg.workflows.convert import convert

    convert([tmp_path / "dicom"], tmp_path / "out")
    subject = open_image(tmp_path / "dicom").source.subject
    assert subject is not None
    assert any(f"sub-{subject}" in path.name for path in (tmp_path / "out").rglob("*"))
    saved = save(tmp_path / "a_dseg.nii.gz", source=open_image(tmp_path / "dicom").source)
    assert note_in(read_nifti(saved.nifti).header).subject == subject
    assert open_label_map(saved.nifti).record.source.subject == subject


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 60_000,
        b'{"schema": "medseg-label-map/1"',
        b'{"schema": "medseg-label-map/1", "revision": {}}',
        b'["medseg-label-map/1"]',
        "medseg-label-map/1 ä".encode(),
        b"",
    ],
)
def test_what_is_no_note_is_passed_over(tmp_path, text):
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.uint8), np.eye(4))
    image.header.extensions.append(Nifti1Extension(6, text))
    nibabel.save(image, tmp_path / "a.nii")
    assert note_in(read_nifti(tmp_path / "a.nii").header) is None
    assert not any("extension" in warning for warning in open_image(tmp_path / "a.nii").warnings)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_whatever_lies_between_header_and_voxels_the_voxels_are_read(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "a.nii"
    voxels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    write_voxels(voxels, upright((3, 4, 5), (1, 1, 1)), path, extension=junk)
    file = read_nifti(path)
    np.testing.assert_array_equal(file.stored, voxels)
    assert note_in(file.header) is None


def test_a_size_that_lies_ends_the_list(tmp_path):
    note = LabelMapNote(None, 1, 0, "0" * 64).encoded()
    for size in (-16, 0, 7, 2**31 - 1):
        path = tmp_path / f"{size}.nii"
        write_voxels(
            np.zeros((3, 4, 5), np.uint8),
            upright((3, 4, 5), (1, 1, 1)),
            path,
            extension=struct.pack("<ii", size, 6) + note,
        )
        assert note_in(read_nifti(path).header) is None
