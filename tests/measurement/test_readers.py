"""Several readers: pairs, the slices on which they differ, and their consensus."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import GridMismatchError, LabelMapError
from medseg.labelmap import LabelMap, Structure
from medseg.measurement.agreement import agreement
from medseg.measurement.reader_agreement import Reader, compare_readers, marked, structures_of
from medseg.measurement.reader_consensus import ConsensusMethod, consensus_of
from solids import upright

GRID = upright((12, 20, 22), (3.0, 0.8, 0.7))
LIVER = Structure("liver", "Liver", 1)
TUMOUR = Structure("tumour", "Tumour", 2, part_of="liver")


def label_map(liver: tuple, tumour: tuple | None) -> LabelMap:
    voxels = np.zeros(GRID.shape_kji, np.uint8)
    voxels[liver] = 1
    if tumour is not None:
        voxels[tumour] = 2
    return LabelMap(GRID, (voxels,), (LIVER, TUMOUR) if tumour is not None else (LIVER,))


def box(k: tuple, j: tuple, i: tuple) -> tuple[slice, slice, slice]:
    return slice(*k), slice(*j), slice(*i)


@pytest.fixture
def readers() -> list[Reader]:
    liver = box((1, 10), (2, 18), (2, 20))
    return [
        Reader("A", label_map(liver, box((3, 6), (5, 10), (5, 10)))),
        Reader("B", label_map(liver, box((3, 7), (5, 10), (5, 11)))),
        Reader("C", label_map(box((1, 10), (2, 18), (2, 19)), box((3, 6), (5, 9), (5, 10)))),
    ]


def test_every_pair_has_the_numbers_of_the_whole_masks(readers):
    liver, tumour = compare_readers(readers, 1.0)
    assert [(pair.first, pair.second) for pair in tumour.pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    for one in (liver, tumour):
        for pair in one.pairs:
            a, b = (
                reader.label_map.mask_with_parts(one.structure.id)
                for name in (pair.first, pair.second)
                for reader in readers
                if reader.name == name
            )
            whole = agreement(a, b, GRID, 1.0)
            assert pair.agreement.as_dict() == pytest.approx(whole.as_dict())
    assert liver.pairs[0].agreement.dice == 1.0, "a tumour belongs to its liver, whoever drew it larger"


def test_slices_that_differ_most_come_first(readers):
    tumour = compare_readers(readers)[1]
    assert tumour.differing[0].index == 6, "where B alone has a tumour"
    some = sum(reader.label_map.mask("tumour") for reader in readers)
    for one in tumour.differing:
        assert one.voxels == np.count_nonzero((some[one.index] > 0) & (some[one.index] < 3))
    assert [one.voxels for one in tumour.differing] == sorted(
        (one.voxels for one in tumour.differing), reverse=True
    )


def test_who_does_not_have_a_structure_is_named(readers):
    other = Reader("D", label_map(box((1, 10), (2, 18), (2, 20)), None))
    liver, tumour = compare_readers([*readers, other])
    assert (liver.missing, tumour.missing) == ((), ("D",))
    assert len(liver.pairs) == 6
    assert len(tumour.pairs) == 3


def test_who_found_nothing_has_no_distance(readers):
    nothing = Reader("D", label_map(box((1, 10), (2, 18), (2, 20)), box((0, 0), (0, 0), (0, 0))))
    tumour = compare_readers([readers[0], nothing])[1]
    (pair,) = tumour.pairs
    assert (pair.agreement.dice, pair.agreement.hd95_mm, tumour.missing) == (0.0, None, ())


@pytest.mark.parametrize("method", list(ConsensusMethod))
def test_consensus_of_three(readers, method):
    found = consensus_of(readers, method)
    votes = sum(reader.label_map.mask("tumour").astype(int) for reader in readers)
    np.testing.assert_array_equal(found.label_map.mask("tumour"), votes >= 2)
    livers = sum(reader.label_map.mask_with_parts("liver").astype(int) for reader in readers)
    np.testing.assert_array_equal(found.label_map.mask_with_parts("liver"), livers >= 2)
    assert [(one.structure.id, one.reader) for one in found.readers] == [
        (structure, reader) for structure in ("liver", "tumour") for reader in "ABC"
    ]
    best = max(
        (one for one in found.readers if one.structure.id == "tumour"), key=lambda one: one.agreement.dice
    )
    assert (best.reader, best.agreement.dice) == ("A", 1.0)
    assert (best.sensitivity is None) == (method is ConsensusMethod.MAJORITY)
    assert found.remarks == ()


def test_what_a_consensus_rests_on_is_told(readers):
    other = Reader("D", label_map(box((1, 10), (2, 18), (2, 20)), None))
    assert consensus_of([readers[0], other], ConsensusMethod.MAJORITY).remarks == (
        "Tumour: a consensus of 1 of 2 readers; the others do not have it",
    )
    assert consensus_of(readers[:2]).remarks == (
        "Tumour: of two readers STAPLE can hardly tell who is right",
    ), "their livers, tumours included, are the same"


def test_two_who_agree_leave_staple_nothing_to_tell(readers):
    assert consensus_of([readers[0], Reader("same", readers[0].label_map)]).remarks == ()


def test_what_one_takes_in_and_another_does_not_is_told(readers):
    """A nodule in a tumour in a liver: found through the tumour."""
    nodule = Structure("nodule", "Nodule", 3, part_of="tumour")
    deep = LabelMap(GRID, readers[0].label_map.layers, (LIVER, TUMOUR, nodule))
    flat = LabelMap(GRID, deep.layers, (LIVER, Structure("tumour", "Tumour", 2), nodule))
    told = {one.structure.id: one.remarks for one in compare_readers([Reader("A", deep), Reader("B", flat)])}
    assert [remark.split(":")[0] for remark in told["liver"]] == ["Liver", "Liver"]
    assert "takes Tumour in where A delineated it, but not where B did" in told["liver"][0]
    assert "takes Nodule in" in told["liver"][1]
    assert told["tumour"] == told["nodule"] == ()


def test_readers_who_counted_labels_differently(readers):
    voxels = np.zeros(GRID.shape_kji, np.uint8)
    voxels[4, 4, 4] = 1
    vessel = Reader("E", LabelMap(GRID, (voxels,), (Structure("vessel", "Vessel", 1),)))
    found = consensus_of([*readers, vessel], ConsensusMethod.MAJORITY).label_map
    assert {structure.id: structure.label for structure in found.structures} == {
        "liver": 1,
        "tumour": 2,
        "vessel": 3,
    }
    assert [structure.id for structure in structures_of([*readers, vessel])] == ["liver", "tumour", "vessel"]


def test_refusals(readers):
    with pytest.raises(ValueError, match="two readers or more"):
        compare_readers(readers[:1])
    with pytest.raises(ValueError, match="a name of its own"):
        consensus_of([readers[0], readers[0]])
    with pytest.raises(LabelMapError, match="no reader has"):
        marked(readers, "spleen")
    elsewhere = LabelMap(
        upright(GRID.shape_kji, (3.0, 0.8, 0.8)), readers[0].label_map.layers, (LIVER, TUMOUR)
    )
    with pytest.raises(GridMismatchError, match="label map of F"):
        compare_readers([readers[0], Reader("F", elsewhere)])
