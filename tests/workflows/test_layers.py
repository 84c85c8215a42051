"""Structures that overlap lie in further files, and are saved, opened, signed and verified as one thing."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import ContourSet
from medseg.errors import (
    GridMismatchError,
    InputError,
    LabelMapError,
    OutputError,
    OutputExistsError,
    SidecarError,
)
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.content import Content
from medseg.review.verification import Verdict
from medseg.volume import Source
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from signed_cases import make_site
from solids import lump, upright

GRID = upright((6, 12, 12), (2.5, 1, 1))
STRUCTURES = (
    Structure("tumour", "Tumour", 1),
    Structure("ptv", "Planning target", 1, layer=1),
    Structure("oedema", "Oedema", 3, layer=2),
)


def layered(radii=(2, 4, 5)) -> LabelMap:
    layers = tuple(
        (lump(GRID, radius) * s.label).astype(np.uint8) for radius, s in zip(radii, STRUCTURES, strict=False)
    )
    return LabelMap(GRID, layers, STRUCTURES[: len(layers)])


def save(path, label_map, **options):
    return save_label_map(
        path, label_map, grid=GRID, source=Source("phantom"), contours=ContourSet(), author="Ada", **options
    )


@pytest.fixture
def files(tmp_path):
    return save(tmp_path / "a_dseg.nii.gz", layered())


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    site = make_site(folder / "site")
    files = save(folder / "a_dseg.nii.gz", layered())
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    return site, files


def test_every_layer_comes_back(files):
    saved = open_label_map(files.nifti)
    assert saved.label_map.structures == STRUCTURES
    for found, expected in zip(saved.label_map.layers, layered().layers, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert saved.record is not None
    assert saved.warnings == ()


def test_each_layer_is_a_file_that_nibabel_reads(files):
    names = sorted(path.name for path in files.present() if path.suffix == ".gz")
    assert names == ["a_dseg.nii.gz", "a_dseg_layer-1.nii.gz", "a_dseg_layer-2.nii.gz"]
    for number, expected in enumerate(layered().layers):
        image = nibabel.load(files.layer(number))
        np.testing.assert_array_equal(np.asarray(image.dataobj).T, expected)
        np.testing.assert_array_equal(image.affine, nibabel.load(files.nifti).affine)


def test_a_layer_that_is_missing_left_over_or_elsewhere_is_found(files, tmp_path):
    third = files.layer(2).read_bytes()
    files.layer(2).unlink()
    with pytest.raises(SidecarError, match=r"layer 2 of a_dseg\.nii\.gz is missing"):
        open_label_map(files.nifti)
    files.layer(2).write_bytes(third)
    files.layer(3).write_bytes(third)
    with pytest.raises(SidecarError, match="is left over"):
        open_label_map(files.nifti)
    files.layer(3).unlink()
    image = nibabel.load(files.layer(1))
    moved = nibabel.Nifti1Image(
        np.asarray(image.dataobj), image.affine + np.eye(4)[3] * [[0.5], [0], [0], [0]]
    )
    nibabel.save(moved, files.layer(1))
    with pytest.raises(GridMismatchError, match="a_dseg_layer-1"):
        open_label_map(files.nifti)


def test_a_draft_of_fewer_layers_leaves_none_over(files):
    save(files.nifti, layered((3, 4)), overwrite=True)
    assert set(files.further_layers()) == {1}
    assert len(open_label_map(files.nifti).label_map.layers) == 2


def test_a_name_with_wildcards_finds_its_own_layers_only(tmp_path):
    save(tmp_path / "ab_dseg.nii.gz", layered())
    files = save(tmp_path / "[a]*_dseg.nii.gz", layered((2, 4)))
    assert set(files.further_layers()) == {1}


def test_signed_layers_verify_and_the_content_survives_json(signed):
    site, files = signed
    verification = site.verify(files)
    assert verification.verdict is Verdict.VALID
    from medseg.io.nifti.content import read_content

    content = read_content(files)
    assert len(content.further_layers) == 2
    assert Content.from_dict(content.as_dict()) == content


def test_the_digest_of_a_single_layer_is_the_one_of_old(tmp_path):
    from medseg.io.nifti.content import read_content

    content = read_content(save(tmp_path / "one_dseg.nii.gz", layered((3,))))
    assert content.as_dict()["schema"] == "urn:medseg:content:1"
    assert "further_layers" not in content.as_dict()


def test_the_schema_of_layers_without_layers_is_refused(tmp_path):
    from medseg.io.nifti.content import read_content

    document = read_content(save(tmp_path / "one_dseg.nii.gz", layered((3,)))).as_dict()
    with pytest.raises(SidecarError, match="expected further layers"):
        Content.from_dict({**document, "schema": "urn:medseg:content:2", "further_layers": []})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda files: files.layer(1).unlink(), "layer 1 of a_dseg.nii.gz is missing"),
        (lambda files: files.layer(3).write_bytes(files.layer(2).read_bytes()), "left over"),
        (lambda files: _exchange(files.layer(1), files.layer(2)), "layer 1: voxels"),
        (lambda files: _set_voxel(files.layer(2)), "layer 2: voxels"),
        (lambda files: _shift(files.layer(1)), "layer 1: sform"),
    ],
    ids=["missing", "added", "exchanged", "voxel", "affine"],
)
def test_what_changed_in_a_layer_after_approval_is_named(signed, change, said):
    site, files = signed
    before = {path: path.read_bytes() for path in files.present()}
    try:
        change(files)
        verification = site.verify(files)
    finally:
        files.layer(3).unlink(missing_ok=True)
        for path, content in before.items():
            path.write_bytes(content)
    assert verification.verdict is Verdict.INVALID
    assert any(said in text for text in [*verification.problems, *(d.field for d in verification.differs)])


def test_only_the_gzip_of_a_layer_rewritten_is_content_matches(signed):
    site, files = signed
    before = files.layer(1).read_bytes()
    try:
        files.layer(1).write_bytes(gzip.compress(gzip.decompress(before), 1))
        assert site.verify(files).verdict is Verdict.CONTENT_MATCHES
    finally:
        files.layer(1).write_bytes(before)


@settings(max_examples=60)
@given(st.integers(0, 6 * 12 * 12 - 1), st.integers(1, 255))
def test_no_changed_voxel_of_a_layer_is_valid(signed, voxel, change):
    site, files = signed
    path = files.layer(1)
    before = path.read_bytes()
    raw = bytearray(gzip.decompress(before))
    raw[len(raw) - 6 * 12 * 12 + voxel] ^= change
    try:
        path.write_bytes(gzip.compress(bytes(raw), 1))
        verification = site.verify(files)
    finally:
        path.write_bytes(before)
    assert verification.verdict is Verdict.INVALID
    assert any("layer 1" in d.field or "ptv" in d.field for d in verification.differs)


def _scale(path) -> None:
    _patch(path, 112, struct.pack("<f", 2))


def _unexplained(path) -> None:
    _patch(path, -1, b"\x4d")


def _smaller(path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 3), np.uint8), nibabel.load(path).affine), path)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (_scale, LabelMapError, "layer 1: .* scales its numbers by 2"),
        (_unexplained, LabelMapError, r"layer 1: .* does not explain the labels \[77\]"),
        (lambda path: _shift(path), GridMismatchError, "up to 1 mm apart"),
        (_smaller, GridMismatchError, "layer 1 has other dimensions"),
    ],
    ids=["scaled", "unexplained", "moved", "smaller"],
)
def test_what_can_not_be_opened_is_not_signed(files, tmp_path, change, error, said):
    site = make_site(tmp_path / "site")
    change(files.layer(1))
    with pytest.raises(error, match=said):
        site.sign(files, "ada", "submitted")
    assert not files.sign_off.exists()


@pytest.mark.parametrize("ending", [".nii.gz", ".nii"])
def test_the_name_of_a_layer_is_not_saved_to(files, ending):
    before = files.layer(1).read_bytes()
    with pytest.raises(InputError, match="what a layer of another label map is called") as caught:
        save(files.nifti.with_name(f"a_dseg_layer-1{ending}"), layered((3,)), overwrite=True)
    assert caught.value.details["reason"] == "layer-name"
    assert files.layer(1).read_bytes() == before


@pytest.mark.parametrize("radii", [(3,), (3, 4)], ids=["would-remove-it", "would-write-over-it"])
@pytest.mark.parametrize("has_note", [True, False])
def test_a_file_that_only_bears_the_name_of_a_layer_is_left_alone(tmp_path, radii, has_note):
    files = save(tmp_path / "a_dseg.nii.gz", layered((2,)))
    if has_note:
        shutil.copy(save(tmp_path / "b_dseg.nii.gz", layered((5,))).nifti, files.layer(1))
    else:
        nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 3), np.uint8), np.eye(4)), files.layer(1))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputExistsError, match=r"a_dseg_layer-1\.nii\.gz is no layer of a_dseg\.nii\.gz"):
        save(files.nifti, layered(radii), overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_layer_whose_note_was_dropped_is_still_a_layer(files):
    image = nibabel.load(files.layer(1))
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), image.affine), files.layer(1))
    save(files.nifti, layered((3,)), overwrite=True)
    assert files.further_layers() == {}


def test_a_layer_that_can_not_be_removed_is_told(files, monkeypatch):
    unlink = Path.unlink

    def refused(path, missing_ok=False):
        if path.name.startswith("a_dseg_layer"):
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OutputError, match="was saved, but a layer of the earlier draft is left over"):
        save(files.nifti, layered((3,)), overwrite=True)


def test_a_folder_that_can_not_be_listed_is_a_typed_error(files, monkeypatch):
    def refused(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(InputError, match=r"could not look for the layers of a_dseg\.nii\.gz"):
        open_label_map(files.nifti)


def test_digits_of_other_scripts_name_no_layer(files):
    files.nifti.with_name("a_dseg_layer-1\u0663.nii.gz").write_bytes(b"")
    assert set(files.further_layers()) == {1, 2}


def _patch(path, at, data) -> None:
    raw = bytearray(gzip.decompress(path.read_bytes()))
    start = at % len(raw)
    raw[start : start + len(data)] = data
    path.write_bytes(gzip.compress(bytes(raw), 1))


def _exchange(first, second) -> None:
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)


def _set_voxel(path) -> None:
    image = nibabel.load(path)
    voxels = np.asarray(image.dataobj).copy()
    voxels[0, 0, 0] = 3
    nibabel.save(nibabel.Nifti1Image(voxels, image.affine, image.header), path)


def _shift(path) -> None:
    image = nibabel.load(path)
    image.header["srow_x"][3] += 1
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), None, image.header), path)
