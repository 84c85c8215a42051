"""How images are shown: upright, with their true spacing, oblique ones too, without a word from napari."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY
from napari_medseg.napari_private import canvas_position

pytestmark = pytest.mark.gui

UP, DOWN, RIGHT = "up", "down", "right"
AXIAL, CORONAL, SAGITTAL = range(3)


def _toward(viewer: Any, axis: int) -> str:
    """Where the canvas shows larger positions along a display axis."""
    middle = np.array([layer_range[1] / 2 for layer_range in viewer.dims.range])
    QApplication.processEvents()
    (x0, y0), (x1, y1) = (
        canvas_position(viewer, tuple(middle + step * np.eye(3)[axis] * 5)) for step in (0, 1)
    )
    if abs(x1 - x0) > abs(y1 - y0):
        return RIGHT if x1 > x0 else "left"
    return DOWN if y1 > y0 else UP


ACQUISITIONS = {
    "axial": (((0, 0, 1), (0, 1, 0), (1, 0, 0)), AXIAL),
    "axial, feet last": (((0, 0, -1), (0, 1, 0), (1, 0, 0)), AXIAL),
    "coronal": (((0, 1, 0), (0, 0, -1), (1, 0, 0)), CORONAL),
    "sagittal": (((1, 0, 0), (0, 0, -1), (0, 1, 0)), SAGITTAL),
}


def test_planes_hang_as_radiologists_expect(viewer: Any, panel: Any, volume_of: Any) -> None:
    for name, (directions, acquired) in ACQUISITIONS.items():
        volume = volume_of(directions)
        panel.show_case(Case(volume, name))
        assert viewer.dims.order[0] == acquired, "the acquisition plane is shown first"
        assert viewer.dims.current_step[acquired] == volume.grid.shape_kji[0] // 2

        panel.opening.planes.button(AXIAL).click()
        assert (_toward(viewer, 1), _toward(viewer, 2)) == (DOWN, RIGHT), name
        panel.opening.planes.button(CORONAL).click()
        assert (_toward(viewer, 0), _toward(viewer, 2)) == (UP, RIGHT), name
        panel.opening.planes.button(SAGITTAL).click()
        assert (_toward(viewer, 0), _toward(viewer, 1)) == (UP, RIGHT), name


def test_napari_buttons_go_round_the_planes(viewer: Any, panel: Any, case: Case) -> None:
    panel.show_case(case)
    shown = []
    for _ in range(4):
        viewer.dims.roll()
        shown.append(viewer.dims.order[0])
        assert tuple(viewer.dims.order[1:]) == tuple(sorted(viewer.dims.order[1:])), (
            "no plane lies on its side"
        )
        assert panel.opening.planes.checkedId() == viewer.dims.order[0]
    assert shown == [SAGITTAL, CORONAL, AXIAL, SAGITTAL]


def test_anatomy_is_where_it_belongs(panel: Any, case: Case) -> None:
    panel.show_case(case)
    data = np.asarray(panel.binding.image_layer.data)
    head_left_back = np.unravel_index(data.argmax(), data.shape)
    assert head_left_back == tuple(n - 1 for n in data.shape), "values rise to superior, posterior and left"
    assert panel.binding.image_layer.scale == pytest.approx((4.0, 1.0, 0.8))
    assert np.shares_memory(data, case.volume.voxels)
    assert not data.flags.writeable
    assert deepcopy(panel.binding.image_layer.metadata)[METADATA_KEY] is case, (
        "a duplicated layer shows it too"
    )


def test_an_oblique_series_keeps_its_spacing(viewer: Any, panel: Any, volume_of: Any, recwarn: Any) -> None:
    tilt = np.deg2rad(20)
    k, j, i = (0, np.sin(tilt), np.cos(tilt)), (0, np.cos(tilt), -np.sin(tilt)), (1, 0, 0)
    volume = volume_of((k, j, i), spacing_kji_mm=(4.0, 0.8, 0.8))
    panel.show_case(Case(volume, "oblique"))
    QApplication.processEvents()
    assert panel.binding.image_layer.scale == pytest.approx((4.0, 0.8, 0.8), abs=1e-12)
    assert [str(unit) for unit in panel.binding.image_layer.units] == ["millimeter"] * 3
    assert not [w for w in recwarn if "affine" in str(w.message) or "slic" in str(w.message)]


def test_all_layers_share_units(viewer: Any, panel: Any, case: Case, draw_square: Any) -> None:
    panel.show_case(case)
    panel.structuring.add("Tumour")
    draw_square(6)
    assert {tuple(str(unit) for unit in layer.units) for layer in viewer.layers} == {("millimeter",) * 3}


def test_reader_opens_a_nifti_file_on_its_own_grid(
    viewer: Any, tmp_path: Path, case: Case, nifti_of: Any
) -> None:
    path = nifti_of(case.volume, tmp_path / "image.nii.gz")
    (layer,) = viewer.open(path, plugin="medseg")
    assert isinstance(layer.metadata[METADATA_KEY], Case)
    assert layer.metadata[METADATA_KEY].volume.grid.is_same_as(case.volume.grid)
    assert np.array_equal(np.asarray(layer.data), case.volume.voxels)
    viewer.dims.order = (1, 0, 2)
    assert _toward(viewer, 0) == UP, "superior is up without the panel too"


def test_panel_takes_over_what_napari_opened(
    viewer: Any, panel: Any, tmp_path: Path, case: Case, nifti_of: Any
) -> None:
    viewer.open(nifti_of(case.volume, tmp_path / "image.nii.gz"), plugin="medseg")
    QApplication.processEvents()
    assert panel.case is not None
    assert panel.case.name == "image"


def test_sample_data_opens(viewer: Any, panel: Any) -> None:
    for key, modality in (("abdominal-ct", "CT"), ("brain-mr", "MR")):
        panel.close_case()
        viewer.open_sample("medseg", key)
        QApplication.processEvents()
        assert panel.case is not None
        assert panel.opening.about.text().startswith(modality)


OTHER_LAYERS_AFTER_RESIZING = """
import napari
import numpy as np
from qtpy.QtWidgets import QApplication
from napari_medseg.napari_private import main_window
from napari_medseg.panel.contouring import ContouringPanel


def draw():
    for _ in range(60):
        QApplication.processEvents()


viewer = napari.Viewer(show=True)
viewer.window.add_dock_widget(ContouringPanel(viewer), area="right")
main_window(viewer).resize(1280, 800)
draw()
viewer.add_image(np.zeros((30, 256, 256), np.float32))
viewer.add_shapes([np.array([[5, 10, 10], [5, 10, 50], [5, 50, 50]])], shape_type="polygon")
viewer.add_labels(np.zeros((30, 256, 256), np.uint8))
viewer.dims.set_point(0, 5)
draw()
main_window(viewer).grab()
main_window(viewer).resize(1200, 820)
draw()
other = viewer.add_image(np.zeros((40, 512, 512), np.float32))
for layer in list(viewer.layers):
    if layer is not other:
        viewer.layers.remove(layer)
draw()
main_window(viewer).grab()
viewer.close()
print("drawn to the end")
"""


def test_other_layers_after_a_resized_window_do_not_end_the_process() -> None:
    script = [sys.executable, "-W", "ignore", "-c", OTHER_LAYERS_AFTER_RESIZING]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "drawn to the end"
