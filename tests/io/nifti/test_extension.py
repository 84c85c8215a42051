"""The note in a label map's header: what it says, and that it is found out on another image."""

from __future__ import annotations

import json
import struct
from pathlib import Path

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
from medseg.workflows.open_image import open_image, open_series
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


def test_on_a_series_it_is_found_out(files, tmp_path):
    shape = (*nibabel.load(files.nifti).shape, 3)
    path = carried_onto(
        files, np.arange(np.prod(shape), dtype=np.int16).reshape(shape), tmp_path / "t.nii.gz"
    )
    (summary,) = inspect(path)
    for warnings in (
        summary.warnings,
        open_image(path, time_index=1).warnings,
        open_series(path).volumes[0].warnings,
    ):
        assert any(FOREIGN in warning for warning in warnings)


@pytest.mark.parametrize("kind", ["<i2", "<u2", ">i4", "<i8", "<f4", ">f8"])
def test_the_same_labels_as_another_type_of_number_are_the_same(files, tmp_path, kind):
    old = nibabel.load(files.nifti)
    header = nibabel.Nifti1Header(endianness=kind[0])
    header.set_data_dtype(kind)
    header.extensions.extend(old.header.extensions)
    image = nibabel.Nifti1Image(np.asarray(old.dataobj).astype(kind), old.affine, header)
    nibabel.save(image, tmp_path / "b_dseg.nii.gz")
    opened = open_label_map(tmp_path / "b_dseg.nii.gz")
    assert (opened.revision, opened.warnings) == (1, ())
    assert not any(FOREIGN in warning for warning in open_image(tmp_path / "b_dseg.nii.gz").warnings)


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


@pytest.fixture
def series(tmp_path):
    volume = Volume(GRID, np.zeros(GRID.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    folder = tmp_path / "dicom"
    write_series(volume, folder, modality="CT", uid_seed="a", patient_name="Doe^Jane", patient_id="4711")
    return folder


def test_without_a_home_folder_there_is_no_subject(series, monkeypatch):
    def refused(_cls):
        raise RuntimeError("Could not determine home directory.")

    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", classmethod(refused))
    assert open_image(series).source.subject is None


def test_where_the_secret_is_closed_to_us_there_is_no_subject(series, monkeypatch):
    def refusing(method):
        def refused(path, *arguments, **named):
            if path.name == "pseudonym-secret":
                raise PermissionError(13, "Permission denied")
            return method(path, *arguments, **named)

        return refused

    # Path.exists raises it too, up to Python 3.13.
    for name in ("open", "exists", "stat"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
    assert open_image(series).source.subject is None


def note_text(**fields: str) -> bytes:
    """A note, sound but for the fields that are given, each as JSON."""
    sound = {"subject": "null", "revision": "1", "layer": "0", "voxels_sha256": f'"{"0" * 64}"'}
    members = {"schema": '"medseg-label-map/1"', **sound, **fields}
    return "{{{}}}".format(", ".join(f'"{name}": {value}' for name, value in members.items())).encode()


def test_the_sound_note_of_these_tests_is_read(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.uint8), np.eye(4))
    image.header.extensions.append(Nifti1Extension(6, note_text()))
    nibabel.save(image, tmp_path / "a.nii")
    assert note_in(read_nifti(tmp_path / "a.nii").header) == LabelMapNote(None, 1, 0, "0" * 64)
    assert any(FOREIGN in warning for warning in open_image(tmp_path / "a.nii").warnings)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 60_000,
        b'{"schema": "medseg-label-map/1"',
        b'{"schema": "medseg-label-map/1", "revision": {}}',
        b'["medseg-label-map/1"]',
        "medseg-label-map/1 ä".encode(),
        b"",
        note_text(revision="1e999"),
        note_text(revision="9" * 4300),
        note_text(revision="0"),
        note_text(revision="true"),
        note_text(layer="-Infinity"),
        note_text(layer="NaN"),
        note_text(layer="-1"),
        note_text(subject="[" * 900 + "]" * 900),
        note_text(voxels_sha256='"0"'),
        note_text(voxels_sha256="{}"),
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
