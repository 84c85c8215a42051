"""The list of what may be segmented: DICOM's own context groups, each code once."""

from __future__ import annotations

import pytest
from pydicom.sr.codedict import codes

from medseg.io.anatomy_codes import CONTEXT_GROUPS, NOT_SEGMENTED, Kind, anatomy_codes
from medseg.io.dicom_seg.codes import (
    ABNORMALITY,
    ANATOMY,
    SUBSTANCE,
    TARGET,
    TISSUE,
    category_of,
    is_writable,
)
from medseg.labelmap import Code


def test_every_member_of_the_groups_is_listed_once() -> None:
    listed = [(one.code.scheme, one.code.value) for one in anatomy_codes()]
    assert len(listed) == len(set(listed))
    wanted = {
        (concept.scheme_designator, concept.value)
        for number, _ in CONTEXT_GROUPS
        for concept in getattr(codes, f"cid{number}").concepts.values()
    }
    assert set(listed) == wanted - NOT_SEGMENTED
    assert wanted >= NOT_SEGMENTED, "each is left out of something"
    assert len(listed) > 1000


def test_all_of_them_fit_into_a_segment() -> None:
    assert [one.code for one in anatomy_codes() if not is_writable(one.code)] == []


def test_a_code_is_of_the_first_group_that_has_it() -> None:
    kinds = {one.code.meaning: one.kind for one in anatomy_codes()}
    assert kinds["Neoplasm, Secondary"] is Kind.ABNORMALITY
    assert kinds["GTV"] is Kind.TARGET
    assert kinds["Bile"] is Kind.SUBSTANCE
    assert kinds["Fat"] is Kind.TISSUE
    assert kinds["Liver"] is Kind.ANATOMY
    assert kinds["L4 vertebra"] is Kind.ANATOMY
    assert kinds["Lymph Node"] is Kind.TISSUE, "also in the anatomy's group, which comes later"


@pytest.mark.parametrize(
    ("kind", "category"),
    [(Kind.ABNORMALITY, ABNORMALITY), (Kind.TARGET, TARGET), (Kind.SUBSTANCE, SUBSTANCE)],
    ids=lambda value: getattr(value, "name", value.__class__.__name__),
)
def test_a_segment_is_of_the_category_of_its_kind(kind: Kind, category: Code) -> None:
    of_kind = [one.code for one in anatomy_codes() if one.kind is kind]
    assert of_kind
    assert [code for code in of_kind if category_of(code) != category] == []
    others = [one.code for one in anatomy_codes() if one.kind is not kind]
    assert [code for code in others if category_of(code) == category] == []


def test_categories_are_coded_as_dicom_has_them() -> None:
    known = {
        (c.scheme_designator, c.value, c.meaning)
        for number in (7150, 9580)
        for c in getattr(codes, f"cid{number}").concepts.values()
    }
    for category in (ABNORMALITY, TARGET, SUBSTANCE, ANATOMY, TISSUE):
        assert (category.scheme, category.value, category.meaning) in known
