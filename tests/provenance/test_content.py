"""The content digest, and what it says when two contents differ."""

from __future__ import annotations

import copy
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import LabelMapError, SidecarError
from medseg.labelmap import Code, Structure
from medseg.provenance.canonical_json import canonical_json, read_canonical_json
from medseg.provenance.content import Content, StructureContent
from medseg.provenance.differences import differences
from medseg.provenance.nifti_fields import FIELDS, NiftiFields

AFFINE = np.array([[-0.7, 0.1, 0.0, 30.0], [0.1, 0.7, 0.2, -40.0], [0.0, -0.2, 2.5, 50.0], [0, 0, 0, 1]])


def header_of(affine: np.ndarray = AFFINE, kind: type = nibabel.Nifti1Image) -> dict[str, str]:
    image = kind(np.zeros((6, 5, 4), np.uint8), None)
    image.set_sform(affine, 1)
    image.set_qform(np.diag([0.7, 0.7, 2.5, 1.0]), 1)
    block, layout = image.header.binaryblock, image.header.structarr.dtype
    raw = {name: layout.fields[name] for name in FIELDS}
    return {name: block[at : at + kind.itemsize].hex() for name, (kind, at, *_) in raw.items()}


def content_of(**changes: Any) -> Content:
    structures = (
        StructureContent(Structure("liver", "Liver", 1), 20, "11" * 32),
        StructureContent(
            Structure("tumour", "Tumour", 2, code=Code("SCT", "108369006", "Neoplasm"), part_of="liver"),
            3,
            "22" * 32,
        ),
    )
    values: dict[str, Any] = {
        "header": header_of(),
        "voxels": "33" * 32,
        "structures": structures,
        "unexplained_labels": (),
        "sidecars": {"provenance": "44" * 32, "contours": "55" * 32},
    }
    return Content(**{**values, **changes})


def test_content_comes_back_from_its_json():
    content = content_of()
    again = Content.from_dict(read_canonical_json(canonical_json(content.as_dict()), "test"))
    assert again == content
    assert again.digest() == content.digest()


def test_the_digest_is_fixed_for_all_time():
    # Signatures of years hang on this number: if it changes, the schema must get another name.
    assert content_of().digest() == "4dcc3fc5e86f95b76ec489e2dce184f91a98a9e974c25c69576a2c62e7a26c78"


def test_rows_of_the_table_in_another_order_are_the_same_content():
    content = content_of()
    assert content_of(structures=content.structures[::-1]).digest() == content.digest()


def test_an_equal_content_does_not_differ():
    assert differences(content_of(), content_of()) == []


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _paths(v, (*path, k))]
    if isinstance(value, list):
        return [p for k, v in enumerate(value) for p in _paths(v, (*path, k))]
    return [path]


@given(st.sampled_from(_paths(content_of().as_dict())), st.data())
def test_each_covered_field_changes_the_digest_and_is_named(path, data):
    document = copy.deepcopy(content_of().as_dict())
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    old = holder[path[-1]]
    new: Any
    if isinstance(old, int):
        new = data.draw(st.integers(0, 100))
    else:
        text = data.draw(st.text("0123456789abcdef", min_size=len(old or "ab"), max_size=len(old or "ab")))
        new = "#" + text[1:] if path[-1] == "color" else text
    holder[path[-1]] = new
    try:
        changed = Content.from_dict(document)
    except SidecarError:
        return
    found = differences(content_of(), changed)
    assert bool(found) == (new != old) == (changed.digest() != content_of().digest())


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_a_moved_sform_is_told_in_millimetres(kind):
    moved = AFFINE.copy()
    moved[2, 3] += 1.5
    (difference,) = differences(
        content_of(header=header_of(kind=kind)), content_of(header=header_of(moved, kind))
    )
    assert difference.field == "sform"
    assert difference.expected[2][3] == 50.0
    assert difference.found[2][3] == 51.5
    assert difference.max_mm == pytest.approx(1.5)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_matrices_are_those_of_nibabel(kind):
    image = kind(np.zeros((6, 5, 4), np.uint8), None)
    rotation = nibabel.eulerangles.euler2mat(0.3, -0.4, 1.1)
    qform = np.eye(4)
    qform[:3, :3] = rotation @ np.diag([0.8, -1.2, 2.0])
    qform[:3, 3] = 1, 2, 3
    image.set_qform(qform, 1)
    image.set_sform(AFFINE, 2)
    block, layout = image.header.binaryblock, image.header.structarr.dtype
    raw = {n: block[layout.fields[n][1] :][: layout.fields[n][0].itemsize].hex() for n in FIELDS}
    fields = NiftiFields.from_hex(raw)
    np.testing.assert_allclose(fields.qform(), image.get_qform(), atol=1e-6)
    np.testing.assert_allclose(fields.sform(), image.get_sform(), atol=1e-6)
    np.testing.assert_array_equal(fields.matrices()["governing"], fields.sform())


def test_numbers_that_are_not_finite_are_shown_and_not_computed():
    broken = AFFINE.copy()
    broken[0, 0] = np.nan
    (difference,) = differences(content_of(), content_of(header=header_of(broken)))
    assert difference.found[0][0] == "nan"
    assert difference.max_mm is None
    canonical_json(difference.as_dict())


def test_a_field_other_than_a_matrix_is_named_with_its_numbers():
    header = header_of()
    header["dim"] = bytes.fromhex(header["dim"])[:2].hex() + "0700" + header["dim"][8:]
    (difference,) = differences(content_of(), content_of(header=header))
    assert difference.field == "dim"
    assert (difference.expected[1], difference.found[1]) == (6, 7)
    # One more voxel along i, whose step is (-0.7, 0.1, 0) mm.
    assert difference.max_mm == pytest.approx(0.7071, abs=1e-3)


def test_voxels_are_told_by_structure():
    liver, tumour = content_of().structures
    grown = StructureContent(tumour.structure, 4, "66" * 32)
    (difference,) = differences(content_of(), content_of(structures=(liver, grown), voxels="77" * 32))
    assert difference.field == "voxels of 'Tumour' (tumour)"
    assert (difference.expected["voxel_count"], difference.found["voxel_count"]) == (3, 4)


@pytest.mark.parametrize(
    ("changes", "field", "expected", "found"),
    [
        (
            {"sidecars": {"provenance": None, "contours": "55" * 32}},
            "sidecar provenance",
            "44" * 32,
            "missing",
        ),
        ({"structures": None}, "structure table", "present", "missing"),
        ({"unexplained_labels": (7,)}, "labels without a structure", [], [7]),
        ({"voxels": "88" * 32}, "voxels", "33" * 32, "88" * 32),
        ({"structures": content_of().structures[:1]}, "structure tumour", "Tumour", "missing"),
    ],
)
def test_what_differs_is_named(changes, field, expected, found):
    (difference,) = differences(content_of(), content_of(**changes))
    assert (difference.field, difference.expected, difference.found) == (field, expected, found)


def test_two_structures_with_one_label_are_no_content():
    liver, _ = content_of().structures
    twin = StructureContent(Structure("other", "Other", 1), 20, "11" * 32)
    with pytest.raises(LabelMapError, match="its own label"):
        content_of(structures=(liver, twin))


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"schema": "x"}, {**content_of().as_dict(), "schema": "urn:medseg:content:2"}]
    + [{**content_of().as_dict(), name: 5} for name in content_of().as_dict()]
    + [{**content_of().as_dict(), "more": 1}]
    + [{**content_of().as_dict(), "header": {**header_of(), "dim": "00"}}],
)
def test_what_is_no_content_is_refused(value):
    with pytest.raises(SidecarError):
        Content.from_dict(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a":1, "b":2}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'"\\u0041"',
        b'"\\ud800"',
        b"NaN",
        b"1" * 5000,
        b"9007199254740993",
        b"\xff\xfe1\x00",
        b"1\n",
    ],
)
def test_only_one_form_of_json_is_read(data):
    with pytest.raises(SidecarError):
        read_canonical_json(data, "the test")
