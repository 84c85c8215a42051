"""Label maps in a BIDS derivative: the validator has no complaint, and signatures still verify."""

from __future__ import annotations

import json
import shutil

import nibabel
import numpy as np
import pytest

from bids_validator import errors_of, issues_of
from drawn_cases import write_drawn_case
from medseg.contour import ContourSet
from medseg.errors import InputError, LabelMapError, OutputError, OutputExistsError
from medseg.io.bids_derivative import add_to_derivative
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap import LabelMap, Structure
from medseg.workflows.history import prov_of
from medseg.workflows.import_label_map import import_label_map
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map
from signed_cases import make_site


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A case without a pseudonym: no other test has made a secret in this place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("no-secret")))
        return write_drawn_case(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return make_site(tmp_path_factory.mktemp("site"))


def renamed(case, folder, name):
    """The label map under another name, with all its files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = LabelMapFiles(folder / name)
    for path in case.files.present():
        shutil.copy(path, folder / f"{files.stem}{path.name.removeprefix(case.files.stem)}")
    return files


def visible(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_validator_has_no_error_and_warns_of_authors_alone(tmp_path, case):
    out = tmp_path / "out"
    add_to_derivative(case.files, out, subject="01", prov=b"{}")
    assert {issue["code"] for issue in issues_of(out)} <= {"TOO_FEW_AUTHORS"}
    stem = next((out / "sub-01" / "anat").glob("*_dseg.nii.gz")).name.removesuffix(".nii.gz")
    assert visible(out) == sorted(
        [
            ".bidsignore",
            "README",
            "dataset_description.json",
            "dseg.json",
            *(f"sub-01/anat/{stem}{e}" for e in (".json", ".nii.gz", ".tsv", "_contours.json", "_prov.json")),
        ]
    )
    made_by = json.loads((out / "dataset_description.json").read_text())["GeneratedBy"]
    assert [maker["Name"] for maker in made_by] == ["medseg"]


def test_the_validator_would_find_an_error(tmp_path, case):
    add_to_derivative(case.files, tmp_path / "out", subject="01", prov=b"{}")
    (tmp_path / "out" / ".bidsignore").write_text("")
    assert errors_of(tmp_path / "out")


def test_a_signed_label_map_is_still_valid_in_the_derivative(tmp_path, case, site):
    files = renamed(case, tmp_path / "in", "sub-9_ses-2_acq-thin_space-orig_dseg.nii.gz")
    site.sign(files, "ada", "submitted")
    site.sign(files, "ben", "approved")
    nifti, *_ = add_to_derivative(files, tmp_path / "out", subject="p7")
    assert nifti == tmp_path / "out" / "sub-p7" / "ses-2" / "anat" / "sub-p7_ses-2_acq-thin_dseg.nii.gz"
    verification = site.verify(LabelMapFiles(nifti))
    assert (verification.verdict, verification.state) == ("valid", "approved")
    assert errors_of(tmp_path / "out") == []
    opened = open_label_map(nifti)
    assert np.array_equal(opened.label_map.voxels, case.label_map.voxels)
    assert len(opened.contours) == len(case.contours)


def test_several_label_maps_share_a_dataset_and_the_same_one_does_not_come_twice(tmp_path, case):
    first = renamed(case, tmp_path / "a", "sub-1_dseg.nii.gz")
    second = renamed(case, tmp_path / "b", "sub-1_dseg.nii.gz")
    image = nibabel.load(second.nifti)
    nibabel.save(nibabel.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), second.nifti)
    out = tmp_path / "out"
    one = add_to_derivative(first, out, subject="1")[0]
    two = add_to_derivative(second, out, subject="1")[0]
    three = add_to_derivative(first, out, subject="2")[0]
    assert one.name == "sub-1_dseg.nii.gz"
    assert two.name.startswith("sub-1_desc-")
    assert three.parent == out / "sub-2" / "anat"
    assert errors_of(out) == []
    before = visible(out)
    with pytest.raises(OutputExistsError, match="already"):
        add_to_derivative(second, out, subject="1")
    assert visible(out) == before


def test_a_label_map_of_another_program_comes_without_its_texts(tmp_path):
    canary = "DoeJane4711"
    image = nibabel.Nifti1Image(np.eye(4, dtype=np.int16)[None].repeat(2, 0), np.diag([1, 1, 2, 1]))
    image.header["descrip"] = canary.encode()
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", canary.encode()))
    folder = tmp_path / canary
    folder.mkdir()
    nibabel.save(image, folder / f"{canary}.nii.gz")
    (folder / f"{canary}.json").write_text(json.dumps({"PatientName": canary}))
    out = tmp_path / "out"
    nifti, *_ = add_to_derivative(LabelMapFiles(folder / f"{canary}.nii.gz"), out, subject="x")
    assert errors_of(out) == []
    assert np.array_equal(np.asarray(nibabel.load(nifti).dataobj), np.asarray(image.dataobj))
    raw = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    raw[nifti] = nibabel.load(nifti).header.binaryblock
    assert not nibabel.load(nifti).header.extensions
    assert [path for path, data in raw.items() if canary.encode() in data or canary in path.name] == []


def test_a_label_map_that_is_not_compressed_stays_so(tmp_path, case):
    saved = open_label_map(case.files.nifti)
    files = save_label_map(
        tmp_path / "a_dseg.nii",
        saved.label_map,
        grid=case.image.grid,
        source=case.image.source,
        contours=saved.contours,
        author="Ada Reader",
    )
    nifti, *_ = add_to_derivative(files, tmp_path / "out", subject="1")
    assert nifti.name == "sub-1_dseg.nii"
    assert nifti.read_bytes() == files.nifti.read_bytes()
    assert errors_of(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("subject", "reason"), [(None, "no-subject"), ("Doe, Jane", "subject-label"), ("../x", "subject-label")]
)
def test_a_subject_that_is_no_label_is_refused(tmp_path, case, subject, reason):
    with pytest.raises(InputError) as refused:
        add_to_derivative(case.files, tmp_path / "out", subject=subject)
    assert refused.value.details["reason"] == reason
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "description",
    [
        None,
        "{",
        "[]",
        "[[]]",
        '{"DatasetType": "raw", "GeneratedBy": [{"Name": "medseg"}]}',
        '{"DatasetType": "derivative", "GeneratedBy": [{"Name": "fmriprep"}]}',
        '{"DatasetType": "derivative", "GeneratedBy": "medseg"}',
        "[" * 100_000,
    ],
)
def test_nothing_is_added_to_the_dataset_of_another_program(tmp_path, case, description):
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious.txt").write_text("1")
    if description is not None:
        (out / "dataset_description.json").write_text(description)
    before = visible(out)
    with pytest.raises(InputError) as refused:
        add_to_derivative(case.files, out, subject="1")
    assert refused.value.details["reason"] == "other-dataset"
    assert visible(out) == before


def overlapping(case, path, label):
    """A tumour, and a planning target around it in a layer of its own."""
    structures = (Structure("tumour", "Tumour", 1), Structure("ptv", "Planning target", label, layer=1))
    masks = case.label_map.mask("tumour"), case.label_map.mask_with_parts("liver")
    layers = [(mask * s.label).astype(np.uint8) for mask, s in zip(masks, structures, strict=True)]
    return save_label_map(
        path,
        LabelMap(case.image.grid, tuple(layers), structures),
        grid=case.image.grid,
        source=case.image.source,
        contours=ContourSet(),
        author="Ada Reader",
    )


def test_structures_that_overlap_come_with_all_their_layers(tmp_path, case, site):
    files = overlapping(case, tmp_path / "sub-1_dseg.nii.gz", label=2)
    site.sign(files, "ada", "submitted")
    nifti, *_ = add_to_derivative(files, tmp_path / "out", subject="1")
    assert errors_of(tmp_path / "out") == []
    assert site.verify(LabelMapFiles(nifti)).verdict == "valid"
    before, after = (open_label_map(path).label_map for path in (files.nifti, nifti))
    assert len(after.layers) == 2
    for ours, theirs in zip(before.layers, after.layers, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_label_of_two_structures_is_refused_as_bids_wants_each_once(tmp_path, case):
    files = overlapping(case, tmp_path / "a_dseg.nii.gz", label=1)
    with pytest.raises(LabelMapError, match="label 1") as refused:
        add_to_derivative(files, tmp_path / "out", subject="1")
    assert refused.value.details["reason"] == "repeated-label"
    assert not (tmp_path / "out").exists()


def test_tumours_on_ct_pet_and_mr_of_one_patient(tmp_path, real_data):
    sarcoma = real_data / "sarcoma_pet_ct_mr"
    for modality in ("CT", "PET", "MR_T1"):
        files, _ = import_label_map(
            sarcoma / "nifti" / "STS_001" / f"{modality}_mask.nii.gz",
            tmp_path / f"{modality}_dseg.nii.gz",
            image=sarcoma / "dicom" / "STS_001" / modality / "image",
            author="Ada Reader",
        )
        add_to_derivative(files, tmp_path / "out", subject="STS001", prov=prov_of(files.nifti))
    assert len(list((tmp_path / "out").rglob("*_dseg.nii.gz"))) == 3
    assert len([p for p in (tmp_path / "out").iterdir() if p.name.startswith("sub-")]) == 1
    assert errors_of(tmp_path / "out") == []


def test_a_newer_medseg_is_added_to_the_makers(tmp_path, case):
    out = tmp_path / "out"
    add_to_derivative(case.files, out, subject="1")
    path = out / "dataset_description.json"
    path.write_text(path.read_text().replace('"Version": "', '"Version": "0.0.0-old-'))
    add_to_derivative(case.files, out, subject="2")
    assert len(json.loads(path.read_text())["GeneratedBy"]) == 2


def test_a_failure_half_way_leaves_nothing(tmp_path, case, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("medseg.io.bids_derivative.shutil.copyfile", fail)
    with pytest.raises(OutputError, match="No space left"):
        add_to_derivative(case.files, tmp_path / "out", subject="1")
    assert not (tmp_path / "out").exists()
