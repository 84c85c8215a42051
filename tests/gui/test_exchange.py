"""Files of other programs in the window: brought to the open case, and written from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from napari.utils.notifications import notification_manager
from npe2 import PluginManager

from drawn_cases import OBLIQUE, DrawnCase, write_drawn_case
from medseg.contour import Contour, Origin, Slice, place, trace_slice, translate
from medseg.errors import InputError, LabelMapError
from medseg.io.landmarks import read_landmarks, write_landmarks
from medseg.io.nrrd.slicer_segmentation import read_slicer_segmentation, write_slicer_segmentation
from medseg.labelmap import LabelMap, Structure
from medseg.space import Grid
from medseg.space.landmark import Landmark
from medseg.volume import Quantity, Source, Volume
from medseg.workflows.export_label_map import export_label_map
from medseg.workflows.import_label_map import read_structures
from medseg.workflows.open_label_map import open_label_map
from napari_medseg.bringing_in import BringIn
from napari_medseg.case import Case
from napari_medseg.exporting import FILE_FORMATS
from napari_medseg.opening import ToOpen, is_structures, open_path
from napari_medseg.panel.exchanging import Wanted, filter_of
from napari_medseg.reader import get_reader
from napari_medseg.saving import save_case
from solids import lump

pytestmark = pytest.mark.gui

CONTOUR_TOLERANCE_MM = 0.01
"""How exactly contours come back: the issue's bound."""

LANDMARK_TOLERANCE_MM = 1e-6


def ball(grid: Grid, radius_mm: float) -> np.ndarray:
    """Voxels of a lump in the middle of a grid."""
    return lump(grid, radius_mm)


def overlapping(grid: Grid) -> LabelMap:
    """A tumour, and around it a margin that truly overlaps."""
    layers = ball(grid, 6).astype(np.uint8), ball(grid, 10).astype(np.uint8)
    structures = Structure("gtv", "GTV", 1), Structure("ptv", "PTV", 1, color="#4363d8", layer=1)
    return LabelMap(grid, layers, structures)


def one_structure(grid: Grid, radius_mm: float = 6) -> LabelMap:
    """A tumour."""
    return LabelMap(grid, (ball(grid, radius_mm).astype(np.uint8),), (Structure("gtv", "GTV", 1),))


@pytest.fixture
def slicer_file(tmp_path: Path) -> Callable[[LabelMap], Path]:
    """Writes a label map as 3D Slicer does."""

    def write(label_map: LabelMap, name: str = "from-slicer.seg.nrrd") -> Path:
        write_slicer_segmentation(label_map, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def shown(panel: Any, case: Case) -> Any:
    """The panel with the small case."""
    case.set_author("Ada Adams")
    panel.show_case(case)
    return panel


def masks_shown(panel: Any) -> dict[str, np.ndarray]:
    """What the Labels layers show of each structure."""
    layers = panel.binding.result_layers
    return {s.name: np.asarray(layers[s.layer].data) == s.label for s in panel.case.structures}


def test_structures_of_a_file_come_on_the_open_case(shown: Any, slicer_file: Any, wait: Any) -> None:
    grid = shown.case.volume.grid
    shown.open_path(slicer_file(overlapping(grid)))
    wait(shown)
    assert "The case now has GTV, PTV" in shown.messages.text
    masks = masks_shown(shown)
    np.testing.assert_array_equal(masks["GTV"], ball(grid, 6))
    np.testing.assert_array_equal(masks["PTV"], ball(grid, 10))
    assert [layer.name for layer in shown.binding.result_layers] == ["label map", "label map, layer 2"]
    assert not shown.case.saved
    assert shown.contours.structures.list.topLevelItemCount() == 2


def test_no_layer_is_lost_on_saving_and_interpolating(
    shown: Any, slicer_file: Any, draw_square: Any, wait: Any, tmp_path: Path
) -> None:
    grid = shown.case.volume.grid
    shown.open_path(slicer_file(overlapping(grid)))
    wait(shown)
    shown.structuring.add("Node")
    draw_square(2, size_mm=10)
    draw_square(4, size_mm=10)
    shown.contours.interpolate.click()
    wait(shown)
    shown.sign_off.path.setText(str(tmp_path / "all_dseg.nii.gz"))
    shown.sign_off.save.click()
    wait(shown)
    assert shown.case.saved, shown.messages.text
    saved = open_label_map(tmp_path / "all_dseg.nii.gz").label_map
    assert len(saved.layers) == 2
    np.testing.assert_array_equal(saved.mask("gtv"), ball(grid, 6))
    np.testing.assert_array_equal(saved.mask("ptv"), ball(grid, 10))
    assert saved.mask("node")[3].any(), "it was completed between its contours"
    shown.open_path(tmp_path / "all_dseg.nii.gz")
    wait(shown)
    np.testing.assert_array_equal(masks_shown(shown)["PTV"], ball(grid, 10))
    assert [c.origin for c in shown.case.contours] == [Origin.DRAWN, Origin.DRAWN, Origin.INTERPOLATED]


def test_what_was_drawn_and_what_is_brought_in_take_no_voxel_from_one_another(
    shown: Any, slicer_file: Any, draw_square: Any, wait: Any
) -> None:
    grid = shown.case.volume.grid
    shown.structuring.add("GTV")
    draw_square(5, size_mm=40)
    shown.open_path(slicer_file(one_structure(grid)))
    wait(shown)
    assert [(s.name, s.label, s.layer) for s in shown.case.structures] == [("GTV", 1, 0), ("GTV 2", 2, 1)]
    assert "is called GTV 2" in shown.messages.text
    assert shown.case.result_is_current
    draw_square(7, size_mm=40)
    assert len(shown.case.contours) == 2, shown.messages.text
    shown.contours.interpolate.click()
    wait(shown)
    masks = masks_shown(shown)
    np.testing.assert_array_equal(masks["GTV 2"], ball(grid, 6))
    assert masks["GTV"][6].any()
    assert (masks["GTV"] & masks["GTV 2"]).any(), "they overlap, each in its layer"


def test_another_grid_is_a_question(shown: Any, slicer_file: Any, wait: Any, tmp_path: Path) -> None:
    grid = shown.case.volume.grid
    finer = Grid.from_axes(
        (24, 60, 80),
        origin_lps_mm=grid.origin_lps_mm - [0, 0, 1],
        step_k_mm=(0, 0, 2),
        step_j_mm=(0, 1, 0),
        step_i_mm=(0.8, 0, 0),
    )
    file = slicer_file(one_structure(finer))
    asked = []
    shown.exchanging.ask_to_resample = lambda _window, name, difference: asked.append((name, difference))
    shown.open_path(file)
    wait(shown)
    ((name, difference),) = asked
    assert name == file.name
    assert "24 × 60 × 80 voxels (k, j, i) where the image has 12 × 60 × 80" in difference
    assert not shown.case.structures
    assert "nothing was brought in" in shown.messages.text

    shown.exchanging.ask_to_resample = lambda *_: True
    shown.open_path(file)
    wait(shown)
    assert "resampled with nearest neighbour" in shown.messages.text
    volumes = [ball(finer, 6).sum() * 2, masks_shown(shown)["GTV"].sum() * 4]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.1)
    path = save_case(shown.case, tmp_path / "resampled_dseg.nii.gz")
    record = path.with_name("resampled_dseg.json").read_text()
    assert "resampled with nearest neighbour" in record


def test_what_lies_elsewhere_is_refused(shown: Any, slicer_file: Any, wait: Any) -> None:
    grid = shown.case.volume.grid
    matrix = grid.index_to_lps_mm.copy()
    matrix[:3, 3] += 500
    shown.exchanging.ask_to_resample = lambda *_: True
    shown.open_path(slicer_file(one_structure(Grid(grid.shape_kji, matrix))))
    wait(shown)
    assert "outside of the image" in shown.messages.text
    assert not shown.case.structures


def test_an_edit_while_a_file_is_read_is_not_lost(case: Case, slicer_file: Any) -> None:
    asked = BringIn.into(case, slicer_file(one_structure(case.volume.grid)))
    found = asked.read()
    case.add_structure("Liver")
    with pytest.raises(InputError, match="edited while"):
        asked.accept(case, found)
    assert [s.name for s in case.structures] == ["Liver"]


def contours_of_every_origin(case: Case) -> list[Contour]:
    mask = ball(case.volume.grid, 8)
    slices = {Origin.IMPORTED: 4, Origin.INTERPOLATED: 5, Origin.ASSISTED: 6}
    return [
        contour
        for origin, k in slices.items()
        for contour in trace_slice(mask[k], case.volume.grid, Slice(0, k), "tumour", origin)
    ]


def test_contours_of_every_origin_come_back_editable(
    shown: Any, draw_square: Any, wait: Any, tmp_path: Path
) -> None:
    shown.structuring.add("Tumour")
    draw_square(3)
    shown.case.edit_contours("tumour", (), contours_of_every_origin(shown.case))
    before = {str(c.origin): c.points_lps_mm for c in shown.case.contours}
    assert before.keys() == {"drawn", "imported", "interpolated", "assisted"}
    shown.sign_off.path.setText(str(tmp_path / "origins_dseg.nii.gz"))
    shown.sign_off.save.click()
    wait(shown)
    shown.open_path(tmp_path / "origins_dseg.nii.gz")
    wait(shown)
    after = {str(c.origin): c.points_lps_mm for c in shown.case.contours}
    assert after.keys() == before.keys()
    for origin, points in before.items():
        assert np.linalg.norm(after[origin] - points, axis=1).max() <= CONTOUR_TOLERANCE_MM
    for contour in shown.case.contours:
        where = place(contour, shown.case.volume.grid)
        shown.case.replace_on("tumour", where, translate([contour], (0.8, 0.0)), "move")
    assert [c.origin for c in shown.case.contours] == [Origin.DRAWN] * 4, "edited by hand is drawn"
    shifted = np.sort(np.concatenate([c.points_lps_mm for c in shown.case.contours]), axis=0)
    expected = np.sort(np.concatenate(list(after.values())) + np.array([0.8, 0, 0]), axis=0)
    np.testing.assert_allclose(shifted, expected, atol=CONTOUR_TOLERANCE_MM)


@pytest.fixture
def drawn(shown: Any, draw_square: Any, wait: Any) -> Any:
    """The panel with a structure that is contoured on two slices and completed, not saved."""
    shown.structuring.add("Tumour")
    draw_square(3)
    draw_square(8)
    shown.contours.interpolate.click()
    wait(shown)
    return shown


def export_as(panel: Any, wait: Any, path: Path, name: str) -> None:
    """Press Export…, and choose a file and a format."""
    wanted = Wanted(path, next(one for one in FILE_FORMATS if one.name == name))
    panel.exchanging.ask_where = lambda *_: wanted
    panel.sign_off.export.click()
    wait(panel)


def test_export_writes_what_is_shown(drawn: Any, wait: Any, tmp_path: Path) -> None:
    export_as(drawn, wait, tmp_path / "out.seg.nrrd", "seg-nrrd")
    assert "Exported out.seg.nrrd" in drawn.messages.text
    found = read_slicer_segmentation(tmp_path / "out.seg.nrrd").label_map
    np.testing.assert_array_equal(found.mask("tumour"), masks_shown(drawn)["Tumour"])
    assert not drawn.case.saved, "an export is no save"
    assert [path.name for path in tmp_path.iterdir()] == ["out.seg.nrrd"]


def test_an_edit_after_saving_goes_out_too(drawn: Any, wait: Any, draw_square: Any, tmp_path: Path) -> None:
    drawn.sign_off.path.setText(str(tmp_path / "t_dseg.nii.gz"))
    drawn.sign_off.save.click()
    wait(drawn)
    export_as(drawn, wait, tmp_path / "saved.seg.nrrd", "seg-nrrd")
    draw_square(10)
    export_as(drawn, wait, tmp_path / "edited.seg.nrrd", "seg-nrrd")
    saved, edited = (
        read_slicer_segmentation(tmp_path / f"{name}.seg.nrrd").label_map.mask("tumour")
        for name in ("saved", "edited")
    )
    np.testing.assert_array_equal(edited, masks_shown(drawn)["Tumour"])
    assert edited[10].any()
    assert not saved[10].any()


def test_a_saved_file_that_was_changed_is_not_exported(drawn: Any, wait: Any, tmp_path: Path) -> None:
    path = save_case(drawn.case, tmp_path / "t_dseg.nii.gz")
    other = drawn.case.result.label_map.voxels.copy()
    other[0, 0, 0] = 1
    image = nibabel.load(path)
    nibabel.Nifti1Image(other.T, None, image.header).to_filename(path)
    for sidecar in path.parent.glob("t_dseg*.json"):
        sidecar.unlink()
    export_as(drawn, wait, tmp_path / "out.nrrd", "nrrd")
    assert "is no longer what this window shows" in drawn.messages.text
    assert not (tmp_path / "out.nrrd").exists()


def test_an_export_replaces_nothing(drawn: Any, wait: Any, tmp_path: Path) -> None:
    (tmp_path / "out.nrrd").write_bytes(b"someone else's")
    export_as(drawn, wait, tmp_path / "out.nrrd", "nrrd")
    assert "exists already" in drawn.messages.text
    assert (tmp_path / "out.nrrd").read_bytes() == b"someone else's"


@pytest.mark.parametrize("name", ["dicom-seg", "rtstruct"])
def test_a_case_from_nifti_refuses_dicom_by_name(
    panel: Any, case: Case, nifti_of: Any, wait: Any, tmp_path: Path, name: str
) -> None:
    from_nifti = open_path(nifti_of(case.volume, tmp_path / "image.nii.gz"))
    from_nifti.set_author("Ada Adams")
    from_nifti.add_structure("Tumour")
    panel.show_case(from_nifti)
    grid = from_nifti.volume.grid
    contours = trace_slice(ball(grid, 8)[6], grid, Slice(0, 6), "tumour", Origin.DRAWN)
    from_nifti.edit_contours("tumour", (), contours)
    export_as(panel, wait, tmp_path / "out.dcm", name)
    assert "there is a NIfTI image" in panel.messages.text
    assert not (tmp_path / "out.dcm").exists()


def test_the_dialog_offers_every_file_format() -> None:
    filters = [filter_of(one) for one in FILE_FORMATS]
    assert len(set(filters)) == len(filters) >= 10
    assert "3D Slicer segmentation (*.seg.nrrd)" in filters
    assert all(re.fullmatch(r"\S.* \(\*\.[a-z.]+\)", one) for one in filters)


@pytest.mark.parametrize("ending", [".seg.nrrd", ".nrrd", ".stl", ".obj", ".ply", ".glb"])
def test_napari_itself_writes_other_formats(drawn: Any, viewer: Any, tmp_path: Path, ending: str) -> None:
    viewer.layers.selection.active = drawn.binding.result_layer
    paths = viewer.layers.save(str(tmp_path / f"out{ending}"), selected=True, plugin="medseg")
    assert paths
    assert all(Path(path).stat().st_size > 100 for path in paths)
    if ending.endswith("nrrd"):
        back = read_slicer_segmentation if ending == ".seg.nrrd" else None
        if back:
            assert back(Path(paths[0])).label_map.mask("tumour").sum() == masks_shown(drawn)["Tumour"].sum()


def test_a_layer_of_no_case_is_refused_by_name(viewer: Any, tmp_path: Path) -> None:
    viewer.add_labels(np.ones((3, 4, 5), np.uint8), name="stray")
    with pytest.raises(LabelMapError, match="'stray' does not say on which image's grid"):
        viewer.layers.save(str(tmp_path / "out.seg.nrrd"), plugin="medseg")
    assert not list(tmp_path.iterdir())


def test_structures_without_an_image_are_shown_on_their_own_grid(
    viewer: Any, slicer_file: Any, case: Case, tmp_path: Path
) -> None:
    label_map = overlapping(OBLIQUE)
    layers = viewer.open(slicer_file(label_map), plugin="medseg")
    assert [layer.name for layer in layers] == ["from-slicer", "from-slicer, layer 2"]
    np.testing.assert_allclose(sorted(layers[0].scale), sorted(OBLIQUE.spacing_kji_mm))
    viewer.layers.selection.active = layers[0]
    viewer.layers.save(str(tmp_path / "copy_dseg.nii.gz"), selected=True, plugin="medseg")
    copied = open_label_map(tmp_path / "copy_dseg.nii.gz").label_map
    assert copied.grid.max_corner_distance_mm(OBLIQUE) < 1e-4
    for structure in label_map.structures:
        np.testing.assert_array_equal(copied.mask(structure.id), label_map.mask(structure.id))


def test_what_was_opened_first_comes_on_the_image_that_follows(
    panel: Any, viewer: Any, slicer_file: Any, case: Case, wait: Any, qtbot: Any
) -> None:
    viewer.open(slicer_file(overlapping(case.volume.grid)), plugin="medseg")
    panel.show_case(case)
    qtbot.waitUntil(lambda: not panel.background.busy and not case.structures)
    panel.opener.take_over_layers()
    wait(panel)
    assert [s.name for s in case.structures] == ["GTV", "PTV"]
    assert [layer.name for layer in viewer.layers if "from-slicer" in layer.name] == []


def test_napari_itself_brings_structures_to_the_open_case(shown: Any, viewer: Any, slicer_file: Any) -> None:
    file = slicer_file(one_structure(shown.case.volume.grid))
    assert viewer.open(file, plugin="medseg") == []
    assert [s.name for s in shown.case.structures] == ["GTV"]
    assert "The case now has GTV" in shown.messages.text
    assert shown.binding.result_layer is not None


def test_a_nifti_label_map_of_another_program_is_brought_in_where_it_is_named_as_such(
    shown: Any, wait: Any, nifti_of: Any, tmp_path: Path
) -> None:
    grid = shown.case.volume.grid
    voxels = ball(grid, 6).astype(np.int16) * 7
    labels = Volume(grid, voxels, Quantity.ARBITRARY, Source("phantom"))
    shown.opening.upon_chosen.emit(str(nifti_of(labels, tmp_path / "mask.nii.gz")))
    wait(shown)
    (structure,) = shown.case.structures
    assert structure.label == 7
    np.testing.assert_array_equal(masks_shown(shown)[structure.name], ball(grid, 6))
    assert shown.case.path is None, "the file of another program is not where it is saved"


def test_the_command_line_sorts_what_it_is_given(slicer_file: Any, case: Case, tmp_path: Path) -> None:
    file = slicer_file(one_structure(case.volume.grid))
    image = tmp_path / "image.nii.gz"
    assert ToOpen.of([image, file]) == ToOpen.of([file, image]) == ToOpen(image, structures=file)
    with pytest.raises(InputError, match="expected one image"):
        ToOpen.of([file])


def landmarks_in(grid: Grid) -> list[Landmark]:
    corners = np.array([[0, 0, 0], [1.25, 7.5, 3.75], [2, 20.1, 9.9]])
    names = ("Carina", "Left ureter", "Pin 3")
    return [
        Landmark(name, point, "seen twice")
        for name, point in zip(names, grid.to_lps_mm(corners), strict=True)
    ]


@pytest.mark.parametrize("ending", [".mrk.json", ".csv"])
def test_landmarks_come_and_go_in_patient_space(
    panel: Any, viewer: Any, tmp_path: Path, wait: Any, ending: str
) -> None:
    volume = Volume(OBLIQUE, np.zeros(OBLIQUE.shape_kji, np.int16), Quantity.HU, Source("phantom"))
    panel.show_case(Case(volume, "oblique"))
    expected = landmarks_in(OBLIQUE)
    write_landmarks(expected, tmp_path / f"in{ending}")
    panel.open_path(tmp_path / f"in{ending}")
    assert f"3 landmarks of in{ending}" in panel.messages.text
    layer = viewer.layers["in"]
    viewer.layers.selection.active = layer
    viewer.layers.save(str(tmp_path / f"out{ending}"), selected=True, plugin="medseg")
    found = read_landmarks(tmp_path / f"out{ending}").landmarks
    assert [(one.name, one.description) for one in found] == [(one.name, one.description) for one in expected]
    for here, there in zip(found, expected, strict=True):
        np.testing.assert_allclose(here.position_lps_mm, there.position_lps_mm, atol=LANDMARK_TOLERANCE_MM)


def test_landmarks_of_another_image_are_hidden_and_kept(
    shown: Any, viewer: Any, tmp_path: Path, volume_of: Any
) -> None:
    write_landmarks(landmarks_in(shown.case.volume.grid), tmp_path / "in.csv")
    shown.open_path(tmp_path / "in.csv")
    first, layer = shown.case, viewer.layers["in"]
    shown.show_case(Case(volume_of(shape_kji=(6, 20, 20)), "other"))
    assert not layer.visible
    shown.show_case(Case(first.volume, "again"))
    assert layer.visible
    assert len(layer.data) == 3


def test_points_set_by_hand_lie_on_the_image_of_the_open_case(
    shown: Any, viewer: Any, tmp_path: Path
) -> None:
    grid = shown.case.volume.grid
    # napari's own new layer: no metadata, a scale of its own.
    viewer.add_points([[8, 10, 16]], name="mine", scale=(2, 1, 0.4), units="mm")
    viewer.layers.selection.active = viewer.layers["mine"]
    viewer.layers.save(str(tmp_path / "mine.csv"), selected=True, plugin="medseg")
    (found,) = read_landmarks(tmp_path / "mine.csv").landmarks
    assert found.name == "Point 1"
    # 16 mm up, 10 mm back, 6.4 mm to the left of the first voxel.
    np.testing.assert_allclose(found.position_lps_mm, grid.origin_lps_mm + np.array([6.4, 10, 16]))


def test_points_of_no_case_are_refused_by_name(viewer: Any, tmp_path: Path) -> None:
    viewer.add_points([[1, 2, 3]], name="stray")
    with pytest.raises(InputError, match="'stray' does not say on which image"):
        viewer.layers.save(str(tmp_path / "out.mrk.json"), plugin="medseg")
    assert not list(tmp_path.iterdir())


def test_files_of_others_are_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("index,axis-0,axis-1\n0,1,2\n")
    (tmp_path / "text.dcm").write_text("no DICOM")
    (tmp_path / "README").write_text("no DICOM either")
    (tmp_path / "landmarks.csv").write_text("name,x_mm,y_mm,z_mm,frame\nA,1,2,3,LPS\n")
    claimed = {path.name for path in tmp_path.iterdir() if get_reader(str(path))}
    assert claimed == {"landmarks.csv"}
    assert not is_structures(tmp_path / "missing.dcm")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> DrawnCase:
    """An oblique DICOM series, and a label map that was drawn on it."""
    return write_drawn_case(tmp_path_factory.mktemp("series"))


@pytest.fixture
def from_dicom(panel: Any, series: DrawnCase, wait: Any) -> Any:
    """The panel with that series, and nothing drawn on it."""
    panel.sign_off.author.setText("Ada Adams")
    panel.open_path(series.dicom)
    wait(panel)
    return panel


def points_of(contours: Any, structure_id: str) -> list[np.ndarray]:
    """The vertices of a structure's contours, sorted by where they begin."""
    points = [contour.points_lps_mm for contour in contours.of(structure_id)]
    return sorted(points, key=lambda one: tuple(one[0].round(3)))


def test_an_rtstruct_becomes_editable_contours_and_stays_so(
    from_dicom: Any, series: DrawnCase, wait: Any, tmp_path: Path
) -> None:
    # A name without ending, as archives have it.
    file = tmp_path / "IM000001"
    export_label_map(series.files.nifti, file, to="rtstruct", image=series.dicom)
    from_dicom.open_path(file)
    wait(from_dicom)
    case = from_dicom.case
    assert [s.name for s in case.structures] == ["Liver", "Liver tumour"], from_dicom.messages.text
    assert {contour.origin for contour in case.contours} == {Origin.IMPORTED}
    outlines = {s.id: len(case.contours.of(s.id)) for s in case.structures}
    assert min(outlines.values()) >= 2
    from_dicom.sign_off.path.setText(str(tmp_path / "imported_dseg.nii.gz"))
    from_dicom.sign_off.save.click()
    wait(from_dicom)
    assert case.saved, from_dicom.messages.text
    from_dicom.open_path(tmp_path / "imported_dseg.nii.gz")
    wait(from_dicom)
    again = from_dicom.case
    assert again is not case
    assert {contour.origin for contour in again.contours} == {Origin.IMPORTED}
    for structure in case.structures:
        assert len(again.contours.of(structure.id)) == outlines[structure.id]
        pairs = zip(
            points_of(again.contours, structure.id), points_of(case.contours, structure.id), strict=True
        )
        assert max(np.abs(here - there).max() for here, there in pairs) <= CONTOUR_TOLERANCE_MM


@pytest.mark.parametrize("name", ["dicom-seg", "dicom-seg-labelmap", "rtstruct"])
def test_a_case_from_dicom_goes_out_as_dicom(
    from_dicom: Any, series: DrawnCase, wait: Any, tmp_path: Path, name: str
) -> None:
    from_dicom.open_path(series.files.nifti)
    wait(from_dicom)
    export_as(from_dicom, wait, tmp_path / "out.dcm", name)
    assert "Exported out.dcm" in from_dicom.messages.text
    assert "names the patient" in from_dicom.messages.text
    back = read_structures(tmp_path / "out.dcm", image=series.image)
    assert {s.name for s in back.label_map.structures} == {"Liver", "Liver tumour"}
    tumour = next(s.id for s in back.label_map.structures if s.name == "Liver tumour")
    np.testing.assert_array_equal(back.label_map.mask(tumour), series.label_map.mask("tumour"))


@pytest.mark.parametrize(("writer", "kind"), [("DICOM SEG", "66.4"), ("DICOM RT structure set", "481.3")])
def test_napari_itself_writes_both_kinds_of_dicom(
    from_dicom: Any, viewer: Any, series: DrawnCase, wait: Any, tmp_path: Path, writer: str, kind: str
) -> None:
    from_dicom.open_path(series.files.nifti)
    wait(from_dicom)
    manifest = PluginManager.instance().get_manifest("medseg")
    chosen = next(one for one in manifest.contributions.writers if one.display_name == writer)
    viewer.layers.selection.active = from_dicom.binding.result_layer
    # As the dialog does, whose two entries for *.dcm have names of their own.
    viewer.layers.save(str(tmp_path / "out.dcm"), selected=True, _writer=chosen)
    assert any("names the patient" in str(said) for said in notification_manager.records)
    assert pydicom.dcmread(tmp_path / "out.dcm").SOPClassUID == f"1.2.840.10008.5.1.4.1.1.{kind}"


def test_another_frame_of_reference_is_refused(
    from_dicom: Any, series: DrawnCase, wait: Any, tmp_path: Path
) -> None:
    export_label_map(series.files.nifti, tmp_path / "seg.dcm", to="dicom-seg", image=series.dicom)
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    dataset.FrameOfReferenceUID = "1.2.3.99"
    dataset.save_as(tmp_path / "seg.dcm")
    from_dicom.exchanging.ask_to_resample = lambda *_: pytest.fail("no resampling helps here")
    from_dicom.open_path(tmp_path / "seg.dcm")
    wait(from_dicom)
    assert "different origins (frames of reference)" in from_dicom.messages.text
    assert not from_dicom.case.structures


def test_contours_without_an_image_are_refused(
    panel: Any, viewer: Any, series: DrawnCase, tmp_path: Path
) -> None:
    export_label_map(series.files.nifti, tmp_path / "rt.dcm", to="rtstruct", image=series.dicom)
    panel.open_path(tmp_path / "rt.dcm")
    assert "rt.dcm needs its image" in panel.messages.text
    with pytest.raises(InputError, match="need the image that they were drawn on"):
        viewer.open(tmp_path / "rt.dcm", plugin="medseg")


def test_what_was_brought_in_stays_in_the_record(
    shown: Any, slicer_file: Any, draw_square: Any, wait: Any, tmp_path: Path
) -> None:
    """Also where it is completed again later, and saved under another name."""
    file = slicer_file(one_structure(shown.case.volume.grid))
    shown.open_path(file)
    wait(shown)
    save_case(shown.case, tmp_path / "first_dseg.nii.gz")
    shown.structuring.add("Node")
    draw_square(2, size_mm=10)
    draw_square(4, size_mm=10)
    shown.contours.interpolate.click()
    wait(shown)
    save_case(shown.case, tmp_path / "second_dseg.nii.gz")
    steps = open_label_map(tmp_path / "second_dseg.nii.gz").record.steps
    imports = [step for step in steps if step.activity == "imported"]
    assert [step.by for step in imports] == ["Ada Adams"]
    (given,) = imports[0].inputs
    assert given.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("modality", ["CT", "MR_T1", "PET"])
def test_a_real_tumour_comes_on_its_image(real_data: Path, panel: Any, wait: Any, modality: str) -> None:
    folder = real_data / "sarcoma_pet_ct_mr" / "dicom" / "STS_002" / modality
    panel.open_path(folder / "image")
    wait(panel)
    panel.open_path(next((folder / "mask").iterdir()))
    wait(panel)
    (structure,) = panel.case.structures
    contours = panel.case.contours.of(structure.id)
    assert len(contours) > 5
    assert masks_shown(panel)[structure.name].sum() > 100
