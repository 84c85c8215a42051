"""Images on each other and volumes of a 4-D image, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_palette_files

from medseg.contour import Contour, Slice
from medseg.errors import ContourError, GridMismatchError, InputError, LockedError
from medseg.io.nifti.series import write_series
from medseg.space import Grid
from medseg.volume import Quantity, SeriesAxis, Source, Volume, VolumeSeries
from medseg.workflows.time_points import TimePoints
from napari_medseg.case import Case, Change
from napari_medseg.case_slate import CaseSlate
from napari_medseg.completing import Snapshot, all_accepted
from napari_medseg.opening import open_case, open_path, read_label_map, take_time_points
from napari_medseg.saving import result_to_save, save_case
from napari_medseg.volumes.hot_iron import hot_iron
from napari_medseg.volumes.images import Images

SHAPE_KJI = (12, 40, 50)
COUNT = 4


def _grid(shape: tuple[int, int, int] = SHAPE_KJI, step_mm: float = 1.0) -> Grid:
    return Grid.from_axes(
        shape, origin_lps_mm=(-20, 10, 30), step_k_mm=(0, 0, 3), step_j_mm=(0, step_mm, 0),
        step_i_mm=(step_mm, 0, 0), frame_of_reference_uid="1.2",
    )  # fmt: skip


def _volume(value: float, grid: Grid, quantity: Quantity = Quantity.HU) -> Volume:
    return Volume(grid, np.full(grid.shape_kji, value, np.float32), quantity, Source("phantom"))


@pytest.fixture
def series() -> VolumeSeries:
    t = np.arange(COUNT, dtype=np.int16)[:, None, None, None]
    k, j, i = np.indices(SHAPE_KJI)
    return VolumeSeries.from_array(
        _grid(), (100 * t + k + j + i).astype(np.int16), axis=SeriesAxis.TIME, values=np.arange(COUNT) * 2.0,
        quantity=Quantity.ARBITRARY, sources=Source("phantom"),
    )  # fmt: skip


@pytest.fixture
def case(series: VolumeSeries) -> Case:
    """A 4-D case at its first volume, with one structure."""
    case = Case(series.volumes[0], "perfusion")
    take_time_points(case, TimePoints.of_series(series), 0)
    case.set_author("Ada Adams")
    case.add_structure("Tumour")
    return case


def _go_to(case: Case, time_index: int) -> None:
    assert case.time_points is not None
    case.show_time(time_index, case.time_points.volume(time_index))


def _draw(case: Case, k: int, side_mm: float) -> None:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * side_mm + 5
    contour = Contour(case.volume.grid.plane(0, k), corners, "tumour")
    case.replace_on("tumour", Slice(0, k), [contour], "draw")


def _sides(case: Case) -> dict[int, float]:
    grid = case.volume.grid
    return {
        round(float(grid.to_index(c.points_lps_mm)[0, 0])): float(np.ptp(c.points_mm)) for c in case.contours
    }


class TestImages:
    """Which one is in front, and how far it shows through."""

    @pytest.fixture
    def images(self) -> Iterator[Images]:
        images = Images(Case(_volume(40, _grid()), "ct"))
        self.told = 0
        images.subscribe(self._count)
        return images

    def _count(self) -> None:
        self.told += 1

    def test_they_are_switched_and_blended(self, images: Images) -> None:
        pet = images.add(_volume(3, _grid((12, 10, 12), 4.0), Quantity.SUVBW), "PET")
        mr = images.add(_volume(7, _grid(), Quantity.ARBITRARY), "PET")
        assert (pet.name, mr.name) == ("PET", "PET (2)"), "two images never have one name"
        assert images.front is mr
        assert (images.opacity_of(pet), images.opacity_of(mr)) == (0.0, 0.5)
        order = []
        for _ in range(4):
            images.switch()
            order.append(images.front)
        assert order == [None, pet, mr, None]
        images.show(pet)
        images.step_blend(3)
        assert images.opacity_of(pet) == pytest.approx(0.8)
        images.step_blend(9)
        assert images.opacity_of(pet) == 1.0
        told = self.told
        images.step_blend(1)
        assert self.told == told, "nothing changed, nothing is told"
        images.remove(pet)
        assert (images.front, images.beside) == (None, (mr,))

    def test_they_lie_on_the_grid_of_the_case_and_tell_their_own_values(self, images: Images) -> None:
        pet = images.add(_volume(3, _grid((12, 10, 12), 4.0), Quantity.SUVBW), "PET")
        assert pet.on_grid.shape == SHAPE_KJI
        middle = images.case.volume.grid.to_lps_mm((6, 20, 25))
        assert [(v.name, v.value, v.unit) for v in images.values_at(middle)] == [
            ("ct", 40.0, "HU"), ("PET", 3.0, "g/ml"),
        ]  # fmt: skip
        edge = images.case.volume.grid.to_lps_mm((6, 39, 49))
        assert [v.value for v in images.values_at(edge)] == [40.0, None], "no voxel of the PET reaches there"
        assert images.text_at(middle) == "40 HU · PET 3 g/ml"
        assert images.text_at(edge) == "40 HU"
        assert images.text_at(edge + 100) == ""

    def test_tools_work_on_the_image_that_is_looked_at(self, images: Images) -> None:
        case = images.case
        grid = case.volume.grid
        slate = CaseSlate(case, "tumour", grid, Slice(1, 20), grid.plane(1, 20), 1.0)
        assert (case.unit_in_front, slate.samples().values[6, 25]) == ("HU", 40.0)
        images.add(_volume(3, _grid((12, 10, 12), 4.0), Quantity.SUVBW), "PET")
        samples = slate.samples()
        assert samples.values.shape == (SHAPE_KJI[0], SHAPE_KJI[2])
        assert (case.unit_in_front, samples.values[6, 25], samples.values[6, 49]) == ("g/ml", 3.0, 0.0)
        images.step_blend(-1)
        assert (case.unit_in_front, slate.samples().values[6, 25]) == ("HU", 40.0), "more of the CT is seen"
        images.set_blend(1.0)
        images.switch()
        assert case.in_front is None


def test_hot_iron_is_that_of_dicom() -> None:
    path = next(path for path in get_palette_files() if Path(path).name == "hotiron.dcm")
    standard = pydicom.dcmread(path)
    colors = ("Red", "Green", "Blue")
    tables = [getattr(standard, f"{color}PaletteColorLookupTableData") for color in colors]
    expected = np.column_stack([np.frombuffer(table, np.uint8) for table in tables])
    assert np.array_equal(np.rint(hot_iron()[:, :3] * 255), expected)


def test_what_is_drawn_belongs_to_all_time_points_or_to_one(case: Case) -> None:
    told: list[Change] = []
    case.subscribe(told.append)
    _draw(case, 3, 10)
    _draw(case, 6, 12)
    _go_to(case, 2)
    assert told[-2:] == [Change.IMAGE, Change.CONTOURS]
    assert _sides(case) == {3: 10, 6: 12}
    assert case.volume.voxels[0, 0, 0] == 200
    case.draws_at_one_time = True
    _draw(case, 6, 20)
    _draw(case, 8, 9)
    assert _sides(case) == {3: 10, 6: 20, 8: 9}
    _go_to(case, 1)
    assert _sides(case) == {3: 10, 6: 12}
    with pytest.raises(ContourError, match="belongs to all time points"):
        case.replace_on("tumour", Slice(0, 3), [], "delete")
    assert _sides(case) == {3: 10, 6: 12}


def test_undo_goes_back_whatever_time_point_is_in_view(case: Case) -> None:
    states = [case.history.current]
    for time, k, one in ((0, 3, False), (2, 3, True), (1, 5, True), (2, 5, False), (1, 3, False)):
        _go_to(case, time)
        case.draws_at_one_time = one
        _draw(case, k, 5.0 + len(states))
        states.append(case.history.current)
    for state in reversed(states[:-1]):
        _go_to(case, 0)
        case.undo()
        assert case.history.current is state
    for state in states[1:]:
        _go_to(case, 3)
        case.redo()
        assert case.history.current is state
        assert case.delineation is case.delineation, "worked out once"


def test_a_locked_structure_is_locked_at_all_time_points(case: Case) -> None:
    from dataclasses import replace

    _draw(case, 3, 10)
    case.edit("lock", replace(case.delineation, locked=frozenset({"tumour"})))
    _go_to(case, 2)
    for one in (True, False):
        case.draws_at_one_time = one
        with pytest.raises(LockedError):
            _draw(case, 3, 12)
    assert _sides(case) == {3: 10}


def test_the_engine_completes_what_counts_at_the_time_point(case: Case) -> None:
    for k in (3, 7):
        _draw(case, k, 10)
    _go_to(case, 1)
    case.draws_at_one_time = True
    _draw(case, 7, 20)
    done = all_accepted(Snapshot.of(case))
    assert done.before is case.delineation
    case.edit("accept all", done.after)
    assert {c.time_index for c in case.contours} == {None, 1}
    assert _sides(case)[3] == 10
    assert 13 < _sides(case)[5] < 17, "between 10 here and 20 at this time point"
    _go_to(case, 0)
    assert _sides(case) == {3: 10, 7: 10}, "accepted at one time point, and there alone"


def test_a_saved_label_map_is_of_the_time_point_in_view_and_keeps_the_others(
    case: Case, series: VolumeSeries, tmp_path: Path
) -> None:
    image = tmp_path / "perfusion.nii.gz"
    write_series(series, image)
    opened = open_path(image)
    assert isinstance(opened, Case)
    assert opened.time_points is not None
    assert (opened.time_index, opened.time_points.count) == (0, COUNT)
    opened.set_author("Ada Adams")
    opened.add_structure("Tumour")
    _draw(opened, 3, 10)
    _go_to(opened, 2)
    opened.draws_at_one_time = True
    _draw(opened, 3, 20)
    drawn = {c.time_index: c.points_lps_mm for c in opened.history.current.contours}
    opened.accept_result(result_to_save(Snapshot.of(opened)))
    path = save_case(opened, tmp_path / "perfusion_dseg.nii.gz")
    assert opened.saved
    _go_to(opened, 1)
    assert opened.saved, "to look at another time point changes nothing"

    again = open_case([image, path])
    assert isinstance(again, Case)
    assert again.time_index == 2
    assert np.array_equal(again.volume.voxels, series.volumes[2].voxels)
    assert again.result is not None
    assert again.result_is_current
    assert int((again.result.label_map.voxels > 0).sum()) == 20 * 20
    found = {c.time_index: c.points_lps_mm for c in again.history.current.contours}
    assert set(found) == {None, 2}
    assert all(np.array_equal(found[t], drawn[t]) for t in found)
    again.draws_at_one_time = True
    _draw(again, 5, 6)
    again.accept_result(result_to_save(Snapshot.of(again)))
    save_case(again, path)
    assert len(read_label_map(path).saved.contours) == 2
    others = read_label_map(path).saved.other_time_points
    assert others is not None
    assert [c.time_index for c in others.contours] == [None]


def test_a_label_map_of_a_time_point_that_the_image_has_not_is_refused(
    case: Case, series: VolumeSeries, tmp_path: Path
) -> None:
    _go_to(case, 3)
    _draw(case, 3, 10)
    case.accept_result(result_to_save(Snapshot.of(case)))
    path = save_case(case, tmp_path / "perfusion_dseg.nii.gz")
    shorter = Case(series.volumes[0], "shorter")
    few = VolumeSeries(series.volumes[:2], SeriesAxis.TIME, series.values[:2])
    take_time_points(shorter, TimePoints.of_series(few), 0)
    from napari_medseg.opening import put_on

    with pytest.raises(InputError, match="from 0 to 1, got 3"):
        put_on(shorter, read_label_map(path))
    single = Case(series.volumes[3], "single")
    put_on(single, read_label_map(path))
    assert single.time_index == 3, "one volume of it alone still knows which it is"


def test_a_volume_of_another_grid_is_no_time_point(case: Case) -> None:
    with pytest.raises(GridMismatchError):
        case.show_time(1, _volume(0, _grid((12, 10, 12), 4.0)))
    assert case.time_index == 0


def test_a_case_of_the_same_image_starts_with_nothing_drawn(case: Case) -> None:
    _draw(case, 3, 10)
    _go_to(case, 2)
    other = case.anew()
    assert other.volume is case.volume
    assert (other.time_points, other.time_index) == (case.time_points, 2)
    assert (other.structures, len(other.contours), other.saved) == ((), 0, True)
