"""The numbers of the chosen structure without a window: what is measured, and what the table says."""

from __future__ import annotations

import doctest
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.contour import Contour, Slice
from medseg.labelmap import Structure
from medseg.measurement.families import Family, MeasureOptions
from medseg.measurement.measure import measure_structure
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import StructureMeasurements
from medseg.space import Grid, Plane
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.delineate import LiveProposal, accepted, label_map_of
from napari_medseg.case import Case
from napari_medseg.panel.measuring import number_rows
from napari_medseg.panel.measuring.number_rows import (
    INTENSITIES,
    SIZES,
    UPTAKES,
    as_text,
    rows_of,
    summary_of,
)
from napari_medseg.panel.measuring.to_measure import (
    EVERYTHING,
    Numbers,
    ToMeasure,
    measured,
)
from napari_medseg.panel.measuring.to_measure import (
    label_map_of as proposed_label_map,
)
from napari_medseg.views.calipers import caliper_lines
from strategies import grids

SHEARED = Grid.from_axes(
    (14, 60, 60),
    origin_lps_mm=(-30, 10, 5),
    step_k_mm=(0.4, 0, 2),
    step_j_mm=(0, 1, 0),
    step_i_mm=(0.8, 0, 0),
)


def case_on(grid: Grid) -> Case:
    rng = np.random.default_rng(5)
    voxels = rng.integers(-50, 150, grid.shape_kji).astype(np.int16)
    return Case(Volume(grid, voxels, Quantity.HU, Source("phantom", modality="CT")), "phantom")


def draw(case: Case, structure_id: str, k: int, radius_mm: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    grid = case.volume.grid
    middle = grid.to_lps_mm(np.array([[k, 29.5, 29.5]]))[0]
    plane = grid.plane(0, k)
    u, v = plane.to_plane_mm(middle[None])[0]
    ring = np.column_stack([u + radius_mm * np.cos(angle), v + radius_mm * np.sin(angle)])
    case.replace_on(structure_id, Slice(0, k), [Contour(plane, ring, structure_id)], "draw")


@pytest.fixture(scope="module")
def liver_case() -> Case:
    """A liver, a tumour that is part of it, and a vessel; on a sheared grid, with open slices."""
    case = case_on(SHEARED)
    liver = case.add_structure("Liver")
    tumour = case.add_structure("Tumour", part_of=liver.id)
    for k in (2, 11):
        draw(case, liver.id, k, 20)
    for k in (4, 9):
        draw(case, tumour.id, k, 8)
    return case


def to_measure(case: Case, structure_id: str, **changed: Any) -> ToMeasure:
    proposal, _ = LiveProposal(case.volume.grid).update(case.delineation)
    wanted = {"image": case.volume, "image_name": "CT", **changed}
    return ToMeasure(proposal, structure_id, **wanted)


def values_of(measurements: StructureMeasurements) -> dict[tuple[str, Any], float | None]:
    return {(one.concept, one.parameters): one.value for one in measurements.measured}


@pytest.mark.parametrize("structure_id", ["liver", "tumour"])
def test_the_numbers_are_those_of_the_file_in_which_all_is_accepted(
    liver_case: Case, structure_id: str
) -> None:
    what = to_measure(liver_case, structure_id, families=EVERYTHING)
    assert what.open_slices > 0
    saved = label_map_of(accepted(what.proposal), SHEARED)
    whole = MeasureOptions(frozenset(Family))
    expected = measure_structure(saved, structure_id, liver_case.volume, whole)
    assert measured(what).measurements == expected
    # And the volume is the one of the list of structures.
    volume = expected.value("volume-voxel")
    assert volume == pytest.approx(what.proposal.volume_mm3(structure_id))


def test_what_lies_in_it_and_is_no_part_of_it_is_told() -> None:
    case = case_on(SHEARED)
    outer, inner = case.add_structure("Lung"), case.add_structure("Nodule")
    for k, structure_id, radius_mm in (
        (2, outer.id, 20),
        (11, outer.id, 20),
        (4, inner.id, 8),
        (9, inner.id, 8),
    ):
        draw(case, structure_id, k, radius_mm)
    what = to_measure(case, outer.id)
    assert what.left_out == ("Nodule",)
    assert to_measure(case, inner.id).left_out == ()
    saved = label_map_of(accepted(what.proposal), SHEARED)
    volume = measured(what).measurements.value("volume-voxel")
    assert volume == pytest.approx(np.count_nonzero(saved.mask(outer.id)) * SHEARED.voxel_volume_mm3)
    assert volume < what.proposal.volume_mm3(outer.id)


def test_an_image_on_another_grid_is_looked_up_where_the_structure_is(liver_case: Case) -> None:
    coarse = Grid.from_axes(
        (20, 24, 24), origin_lps_mm=(-34, 6, 1), step_k_mm=(0, 0, 4), step_j_mm=(0, 4, 0), step_i_mm=(4, 0, 0)
    )
    uptake = np.zeros(coarse.shape_kji, np.float32)
    inside = coarse.to_index(SHEARED.to_lps_mm(np.array([[6.0, 29.5, 29.5]])))[0]
    hot = tuple(np.rint(inside).astype(int))
    uptake[hot] = 9.0
    pet = Volume(coarse, uptake, Quantity.SUVBW, Source("phantom", modality="PT"))
    numbers = measured(to_measure(liver_case, "tumour", image=pet, image_name="PET"))
    assert numbers.measurements.value("suv-max") == 9.0, "no maximum is lost between voxels"
    assert numbers.without_value == 0
    own = measured(to_measure(liver_case, "tumour")).measurements
    for concept in SIZES:
        assert numbers.measurements.get(concept) == own.get(concept), "lengths are where they are"
    short = Volume(
        coarse.within((slice(0, 4), slice(0, 24), slice(0, 24))), uptake[:4], pet.quantity, pet.source
    )
    beyond = measured(to_measure(liver_case, "tumour", image=short, image_name="PET"))
    mask = proposed_label_map(to_measure(liver_case, "tumour").proposal).mask_with_parts("tumour")
    z_mm = SHEARED.to_lps_mm(np.argwhere(mask))[:, 2]
    assert beyond.without_value == np.count_nonzero(z_mm > 1 + 3.5 * 4)
    linear = Volume(coarse, np.full(coarse.shape_kji, 7, np.int16), Quantity.ARBITRARY, pet.source)
    assert measured(to_measure(liver_case, "liver", image=linear)).measurements.value("intensity-mean") == 7.0


def test_what_was_asked_for_before_is_not_measured_again(liver_case: Case) -> None:
    what = to_measure(liver_case, "tumour")
    again = ToMeasure(what.proposal, "tumour", what.image, "CT")
    assert what.is_same_as(again)
    assert not what.is_same_as(None)
    for other in (
        to_measure(liver_case, "tumour"),
        ToMeasure(what.proposal, "liver", what.image, "CT"),
        ToMeasure(what.proposal, "tumour", what.image, "CT", EVERYTHING),
        ToMeasure(what.proposal, "tumour", case_on(SHEARED).volume, "CT"),
    ):
        assert not what.is_same_as(other)


TUMOUR, VESSEL = Structure("tumour", "Tumour", 1), Structure("vessel", "Portal <vein>", 2)
LONG = Line((0, 0, 14), (30, 40, 14), 0, 7)
ACROSS = Line((0, 40, 14), (20, 0, 14), 0, 7)
DEEP = Line((0, 0, 4), (30, 40, 24))


def numbers_of(*found: Measured) -> Numbers:
    measurements = StructureMeasurements(TUMOUR, found)
    return Numbers(None, measurements)  # type: ignore[arg-type] - what was asked does not matter here


SIZE = (
    Measured("sphericity", 0.84321),
    Measured("longest-3d", 53.85165, DEEP),
    Measured("perpendicular-in-plane", 40.04, ACROSS),
    Measured("longest-in-plane", 50.0, LONG),
    Measured("volume-voxel", 12345.0),
)


def test_sizes_come_first_then_the_image_then_all_else() -> None:
    of_ct = (Measured("intensity-mean", 61.26, unit="HU"), Measured("flatness", None))
    rows = rows_of(numbers_of(*SIZE, *of_ct), [TUMOUR])
    assert [(row.name, row.text) for row in rows] == [
        ("Volume", "12.3 ml"),
        ("Longest diameter", "50.0 mm"),
        ("Perpendicular to it", "40.0 mm"),
        ("Longest in 3-D", "53.9 mm"),
        ("Mean", "61.3 HU"),
        ("Sphericity", "0.8432"),
        ("Flatness", "–"),
    ]
    assert [row.in_front for row in rows] == [True] * 5 + [False] * 2
    assert [row.where for row in rows[:4]] == [None, Slice(0, 7), Slice(0, 7), None]
    assert "RECIST 1.1" in rows[1].tip
    assert as_text("Tumour", rows[:2]) == "Tumour\nVolume\t12.3\tml\nLongest diameter\t50.0\tmm"


def test_the_examples_of_the_texts_are_right() -> None:
    done = doctest.testmod(number_rows)
    assert done.attempted
    assert not done.failed


def test_of_a_pet_its_own_words_come_first() -> None:
    of_pet = tuple(Measured(concept, 2.5, unit="g/ml") for concept in (*INTENSITIES, *UPTAKES))
    rows = rows_of(numbers_of(*SIZE, *of_pet), [TUMOUR])
    assert [row.name for row in rows if row.in_front] == [*SIZES.values(), *UPTAKES.values()]
    assert {row.id for row in rows} >= set(INTENSITIES), "the others are among all numbers"


def test_a_metabolic_volume_says_from_which_uptake_on() -> None:
    found = Measured("metabolic-tumour-volume", 12.5, parameters=(("threshold", "41 % of SUVmax"),))
    (row,) = rows_of(numbers_of(found), [TUMOUR])
    assert (row.name, row.text) == ("Metabolic tumour volume, from 41 % of SUVmax", "12.5 ml")


def test_a_distance_names_the_other_structure() -> None:
    apart = [Measured("least-distance", 4.0, DEEP, (("to", to),)) for to in ("vessel", "duct")]
    first, second = rows_of(numbers_of(*apart), [TUMOUR, VESSEL])
    assert first.name.endswith(": Portal <vein>")
    assert first.id != second.id, "each has its own line to show"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SIZE, ["12.3 ml", "50.0 × 40.0 mm", "3-D 53.9 mm"]),
        ((Measured("volume-voxel", 0.0), Measured("longest-in-plane", None)), []),
        ((), []),
    ],
)
def test_the_size_in_one_line(found: tuple[Measured, ...], expected: list[str]) -> None:
    parts = summary_of(rows_of(numbers_of(*found), [TUMOUR]))
    assert [text for text, _ in parts] == expected


@dataclass
class FlatView:
    """What calipers ask of a view, on an axial slice."""

    k: int
    grid: Grid = SHEARED
    mm_per_px: float = 0.5

    @property
    def where(self) -> Slice:
        return Slice(0, self.k)

    @property
    def plane(self) -> Plane:
        return self.grid.plane(0, self.k)

    def world_of(self, points: Any) -> Any:
        return self.plane.to_plane_mm(points)


def lines_on(k: int, *lines: Line, **of_view: Any) -> list[Any]:
    return caliper_lines(lines, FlatView(k, **of_view))  # type: ignore[arg-type]


@settings(max_examples=20)
@given(grid=grids(st.just((4, 4, 4))), k=st.integers(0, 3), zoom=st.floats(0.05, 20))
def test_calipers_lie_on_their_slice_alone(grid: Grid, k: int, zoom: float) -> None:
    ends = grid.to_lps_mm(np.array([[k, 0.0, 0.5], [k, 3, 2.5]]))
    line = Line(tuple(ends[0]), tuple(ends[1]), 0, k)
    shown, *marks = lines_on(k, line, grid=grid, mm_per_px=zoom)
    along = np.diff(shown.points_mm, axis=0)[0]
    assert np.linalg.norm(along) == pytest.approx(np.linalg.norm(ends[1] - ends[0]))
    assert len(marks) == 2, "an end at each end"
    for mark in marks:
        across = np.diff(mark.points_mm, axis=0)[0]
        assert along @ across == pytest.approx(0, abs=1e-6)
        assert np.linalg.norm(across) == pytest.approx(12 * zoom), "twelve pixels, whatever the zoom"
    for beside in (k - 1, k + 1):
        assert lines_on(beside, line, grid=grid) == []


def test_a_line_in_space_is_seen_where_it_goes_through() -> None:
    ends = SHEARED.to_lps_mm(np.array([[3.0, 10, 12], [8, 40, 33]]))
    deep = Line(tuple(ends[0]), tuple(ends[1]))
    assert [len(lines_on(k, deep)) for k in (2, 4, 6, 9)] == [0, 1, 1, 0]
