"""Each tool on each plane of real images, by mouse and keys: what is drawn lies where the mouse was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication

from medseg.contour import Contour, slice_of
from napari_medseg.views.plane_view import PlaneView
from window_reader import Points, Reader

pytestmark = pytest.mark.gui

IMAGES = {
    "CT": "sarcoma_pet_ct_mr/dicom/STS_001/CT/image",
    "MR": "sarcoma_pet_ct_mr/dicom/STS_001/MR_T1/image",
    "PET": "sarcoma_pet_ct_mr/dicom/STS_001/PET/image",
}

RADIUS_PX = 60.0


def circle_px(view: PlaneView, radius_px: float, count: int) -> Points:
    """Whole pixels around the middle of the canvas."""
    middle = np.array([view.canvas.width() / 2, view.canvas.height() / 2])
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.rint(middle + radius_px * np.column_stack([np.cos(angles), np.sin(angles)]))


def moved(at: Points, across_px: float, down_px: float) -> Points:
    """A pixel beside another one."""
    return at + np.array([across_px, down_px])


def region(contours: Any) -> Any:
    """What contours enclose, in mm of the first one's plane."""
    plane = contours[0].plane
    pieces = [shapely.Polygon(plane.to_plane_mm(c.points_lps_mm)).buffer(0) for c in contours]
    outer = shapely.union_all([p for p, c in zip(pieces, contours, strict=True) if not c.hole])
    holes = shapely.union_all([p for p, c in zip(pieces, contours, strict=True) if c.hole])
    return outer.difference(holes)


def apart_mm(first: Any, second: Any) -> float:
    """The largest distance between two outlines."""
    return float(shapely.hausdorff_distance(first.boundary, second.boundary, densify=0.05))


def same(first: Any, second: Any) -> bool:
    """Whether two delineations are the same, to the last bit."""
    return [_bytes(c) for c in first.contours] == [_bytes(c) for c in second.contours]


def _bytes(contour: Contour) -> tuple[object, ...]:
    plane = contour.plane
    numbers = (contour.points_mm, plane.origin_lps_mm, plane.u, plane.v)
    return (*(n.tobytes() for n in numbers), contour.structure_id, contour.hole, contour.origin)


@pytest.mark.parametrize("modality", IMAGES)
def test_each_tool_on_each_plane(
    modality: str, real_data: Path, tmp_path: Path, viewer: Any, panel: Any, wait: Any
) -> None:
    panel.open_path(real_data / IMAGES[modality])
    wait(panel)
    case = panel.case
    assert case is not None, panel.messages.text
    case.set_author("Ada Adams")
    view = panel.binding.main
    reader = Reader(view)
    states = [case.delineation]

    def done() -> tuple[Contour, ...]:
        assert case.delineation is not states[-1], panel.messages.text
        states.append(case.delineation)
        structure = case.structures[-1].id
        here = panel.binding.contours_in_view(structure)
        assert all(slice_of(c, case.volume.grid) == view.where for c in here)
        return here

    for axis in range(3):
        case.add_structure(f"Piece {axis}")
        states.append(case.delineation)
        panel.contours.choose(case.structures[-1].id)
        reader.key((Qt.Key.Key_Q, Qt.Key.Key_W, Qt.Key.Key_E)[axis])
        QApplication.processEvents()
        assert view.axis == axis
        viewer.dims.set_current_step(axis, view.last_index // 2)
        viewer.reset_view()
        QApplication.processEvents()
        pixel_mm = view.mm_per_px

        # Freehand: the outline is where the mouse went.
        path = circle_px(view, RADIUS_PX, 40)
        reader.key(Qt.Key.Key_D)
        reader.stroke(path)
        drawn = region(done())
        went = shapely.Polygon(reader.mm(path))
        assert apart_mm(drawn, went) < 1e-6

        # From inside it adds, from outside it cuts.
        reader.stroke(path[[0, 1, 2, 3]] * 1.0 + np.array([[-20, 0], [30, -10], [30, 10], [-20, 20]]))
        larger = region(done())
        assert larger.area > drawn.area
        assert larger.difference(drawn).area == pytest.approx(larger.area - drawn.area, rel=1e-6)
        left = circle_px(view, RADIUS_PX, 4)[2]
        bite = left + np.array([(-25, -8), (12, -8), (12, 8), (-25, 8)])
        reader.stroke(bite)
        bitten = region(done())
        expected = larger.difference(shapely.Polygon(reader.mm(bite)))
        assert bitten.symmetric_difference(expected).area < 1e-6 * larger.area

        # Nudge: the outline under the disc's centre goes with it.
        top = circle_px(view, RADIUS_PX, 4)[3]
        panel.desk.box.nudge.radius_mm = 25 * pixel_mm
        reader.key(Qt.Key.Key_N)
        reader.stroke(np.array([top, moved(top, 0, -6), moved(top, 0, -12)]))
        nudged = region(done())
        reached = nudged.boundary.distance(shapely.Point(reader.mm(np.array([moved(top, 0, -12)]))[0]))
        assert reached < 1.0 * pixel_mm, "what lay under the centre lies there now"
        assert (
            nudged.boundary.distance(shapely.Point(reader.mm(np.array([moved(left, -40, 0)]))[0])) > pixel_mm
        )

        # Brush and eraser: a disc along a path, in mm.
        radius_mm = 8 * pixel_mm
        panel.desk.box.brush.radius_mm = radius_mm
        line = np.array([moved(top, -40, 80), moved(top, 0, 80), moved(top, 40, 80)])
        swept = shapely.LineString(reader.mm(line)).buffer(radius_mm, quad_segs=64)
        reader.key(Qt.Key.Key_B)
        panel.desk.box.brush.erases = True
        reader.stroke(line)
        erased = region(done())
        panel.desk.box.brush.erases = False
        assert erased.symmetric_difference(nudged.difference(swept)).area < 0.01 * swept.area
        reader.stroke(line)
        painted = region(done())
        assert painted.symmetric_difference(erased.union(swept)).area < 0.01 * swept.area

        # Polygon: its corners are the clicks.
        corners = circle_px(view, RADIUS_PX * 0.3, 5) + np.array([0, 110])
        reader.key(Qt.Key.Key_P)
        reader.clicks(corners)
        clicked = done()[-1]
        assert np.abs(clicked.points_mm - reader.mm(corners)).max() < 1e-9

        # Live-wire: it goes through its seeds; the last one and the way to it can be taken back.
        seeds = circle_px(view, RADIUS_PX * 0.4, 5) + np.array([0, -115])
        reader.key(Qt.Key.Key_L)
        for at in seeds[:4]:
            reader.mouse(QEvent.Type.MouseButtonPress, at, held=True)
            reader.mouse(QEvent.Type.MouseButtonRelease, at, held=False)
        wrong = moved(seeds[3], 25, 25)
        reader.mouse(QEvent.Type.MouseButtonPress, wrong, held=True)
        reader.mouse(QEvent.Type.MouseButtonRelease, wrong, held=False)
        reader.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert case.delineation is states[-1], "only the seed was taken back"
        reader.clicks(seeds[4:])
        before = states[-1].contours.contours
        wire = [contour for contour in done() if contour not in before]
        boundary = shapely.union_all([shapely.Polygon(piece.points_mm).boundary for piece in wire])
        voxel_mm = max(case.volume.grid.spacing_kji_mm)
        off = [boundary.distance(shapely.Point(at)) for at in reader.mm(seeds)]
        # These seeds lie anywhere: where both ways to one run along one line, that bounds nothing.
        assert sorted(off)[2] <= voxel_mm, "the outline goes through its seeds"
        reader.key(Qt.Key.Key_V)

    # All the way back and forth, byte by byte.
    control = Qt.KeyboardModifier.ControlModifier
    for state in reversed(states[:-1]):
        reader.key(Qt.Key.Key_Z, control)
        assert case.delineation is state
    for state in states[1:]:
        reader.key(Qt.Key.Key_Y, control)
        assert same(case.delineation, state)

    out = tmp_path / "pieces_dseg.nii.gz"
    panel.sign_off.path.setText(str(out))
    panel.sign_off.author.setText("Ada Adams")
    panel.sign_off.save.click()
    wait(panel)
    assert case.saved, panel.messages.text
    before = case.contours.contours
    panel.open_path(out)
    wait(panel)
    again = panel.case.contours.contours
    assert panel.case is not case
    assert len(again) == len(before)
    furthest = max(
        np.abs(a.points_lps_mm - b.points_lps_mm).max() for a, b in zip(again, before, strict=True)
    )
    assert furthest < 0.01
    panel.case.edit_contours(again[0].structure_id, [again[0]], ())
    assert not panel.case.saved, "it can be edited again"
