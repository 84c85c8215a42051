"""The window on a CT of 512 × 512 × 400 beside bare napari, in one run: opening, slices, strokes, proposals.

Every figure is the time from an event of the mouse (or from asking to open) until the pixels are on the
screen: see ``screen_time.py``. Bare napari shows the same array in a window of the same size, in one view.

    python benchmarks/gui.py [--quick] [--write]
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import nibabel
import numpy as np
from qtpy.QtWidgets import QApplication, QWidget

from medseg.contour import Contour, Origin, Slice
from medseg.space import Grid
from medseg.workflows.delineate import LiveProposal, Placements, with_contours_on
from medseg.workflows.warm_up import warm_up
from screen_time import ScreenTime, drag, press, process_events, release, summary_ms, turn

RESULT = Path(__file__).parent / "results" / "gui.md"

WINDOW_PX = (1280, 800)
SHAPE_KJI = (400, 512, 512)
SPACING_KJI_MM = (1.0, 0.8, 0.8)
CENTRE_LPS_MM = np.array([200.0, 190.0, 200.0])
RADIUS_MM = 30.0

AXIAL_10 = tuple(Slice(0, k) for k in range(173, 228, 6))
MIXED_10 = (
    *(Slice(0, k) for k in (176, 184, 192, 200, 208, 224)),
    *(Slice(1, j) for j in (225, 250)),
    *(Slice(2, i) for i in (240, 265)),
)
"""A tumour of 60 mm, 10 contours: on parallel slices, and on slices of all three directions."""

STEPS_A_STROKE = 4
"""Of so many slice steps that are timed one stroke is: the engine and the surfaces follow each."""

SURFACES_S = 0.6
"""The surfaces wait for a pause of 0.4 s: they are not to be made in the midst of the next stroke."""

PATIENCE_S = 120.0
PLANES = 3


@dataclass
class Times:
    """Seconds by what was measured."""

    of: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, *seconds: float) -> None:
        """Remember more of them."""
        self.of.setdefault(name, []).extend(seconds)


def write_image(path: Path, shape_kji: Sequence[int]) -> None:
    """A CT with a body, organs and noise, as NIfTI that is not compressed."""
    random = np.random.default_rng(1)
    _, rows, columns = shape_kji
    j, i = np.ogrid[:rows, :columns]
    body = np.hypot((j / rows - 0.5) / 0.4, (i / columns - 0.5) / 0.45) < 1
    plane = np.where(body, 50.0, -1000.0)
    noise = random.normal(0, 20, (rows + 64, columns + 64))
    voxels = np.empty(shape_kji, dtype=np.int16)
    for k in range(shape_kji[0]):
        y, x = random.integers(0, 64, 2)
        voxels[k] = plane + noise[y : y + rows, x : x + columns] + 40 * np.sin(k / 15) * body
    steps_mm = (*reversed(SPACING_KJI_MM), 1.0)
    image = nibabel.Nifti1Image(voxels.T, np.diag(steps_mm) * np.array([-1, -1, 1, 1])[:, None])
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


@contextmanager
def window() -> Iterator[Any]:
    """A napari viewer of the size that all are measured at."""
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*WINDOW_PX)  # noqa: SLF001
    QApplication.processEvents()
    yield viewer
    viewer.close()
    QApplication.processEvents()


def bare(path: Path, times: Times, rounds: int) -> None:
    """What napari alone does with the same array."""
    with window() as viewer:
        canvas = viewer.window._qt_viewer.canvas  # noqa: SLF001
        screen = ScreenTime([canvas._scene_canvas])  # noqa: SLF001
        times.add("open", screen.until_all_drawn(lambda: _open_bare(viewer, path)))
        screen.settle()
        times.add("step", *_steps_bare(viewer, screen, rounds))
        shape = viewer.layers[0].data.shape
        labels = viewer.add_labels(np.zeros(shape, dtype=np.uint8), scale=SPACING_KJI_MM)
        times.add("step, labels", *_steps_bare(viewer, screen, rounds))
        labels.mode, labels.brush_size = "paint", 20
        screen.settle()
        _strokes_bare(canvas.native, screen, times, rounds)


def _open_bare(viewer: Any, path: Path) -> None:
    voxels = np.asarray(nibabel.load(path).dataobj).T
    viewer.add_image(voxels, scale=SPACING_KJI_MM, contrast_limits=(-160, 240), interpolation2d="linear")


def _steps_bare(viewer: Any, screen: ScreenTime, rounds: int) -> list[float]:
    screen.settle()
    middle = SHAPE_KJI[0] // 2
    return [
        screen.until_all_drawn(partial(viewer.dims.set_current_step, 0, middle + number % 30))
        for number in range(rounds)
    ]


def _strokes_bare(widget: QWidget, screen: ScreenTime, times: Times, rounds: int) -> None:
    for path in _loops(widget, rounds):
        press(widget, path[0])
        for at in path[1:]:
            times.add("drag", screen.until_all_drawn(partial(drag, widget, at)))
        release(widget, path[-1])
        screen.settle()


def _loops(widget: QWidget, rounds: int) -> Iterator[np.ndarray]:
    """Strokes around the middle of a canvas, ten events each."""
    middle = np.array([widget.width(), widget.height()]) / 2
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    for number in range(max(1, rounds // 10)):
        yield middle + (30 + number) * np.column_stack([np.cos(angles), np.sin(angles)])


class Workbench:
    """medseg's window on an image, with the screens that are measured.

    Args:
        viewer: The napari viewer.
        path: The image.
        times: Takes the time that opening it took.

    Attributes:
        panel: medseg's panel.
        main: The axial canvas alone.
        all: The canvases of the three planes.
    """

    def __init__(self, viewer: Any, path: Path, times: Times) -> None:
        from napari_medseg.panel.contouring import ContouringPanel

        self.panel = cast(Any, ContouringPanel(viewer))
        viewer.window.add_dock_widget(self.panel, name="medseg")
        self.main = _screen([viewer.window._qt_viewer])  # noqa: SLF001
        self.main.settle()
        begun = time.perf_counter()
        self._open(path)
        shown = time.perf_counter()
        times.add("open", self.main.moment_drawn(lambda: shown) - begun)
        views = self.panel.binding.views
        self.wait(lambda: len(views.canvases) == PLANES)
        self.all = _screen([canvas.qt_viewer for canvas in views.canvases])
        made = time.perf_counter()
        times.add("open all", self.all.moment_drawn(lambda: made) - begun)
        self.all.settle()

    @property
    def view(self) -> Any:
        """The axial plane."""
        return self.panel.binding.main

    def wait(self, until: Callable[[], bool]) -> None:
        """Let the window work until something holds."""
        begun = time.perf_counter()
        while not until():
            process_events()
            if time.perf_counter() - begun > PATIENCE_S:
                raise TimeoutError("the window did not get there")

    def wait_for_engine(self) -> None:
        """Let the engine finish, and the surfaces that follow it."""
        self.wait(lambda: not self.panel.live.busy and self.panel.live.is_current)
        later = time.perf_counter() + SURFACES_S
        self.wait(lambda: time.perf_counter() > later)
        self.all.settle()

    def _open(self, path: Path) -> None:
        self.panel.open_path(path)
        self.wait(lambda: self.panel.case is not None)


def _screen(qt_viewers: Sequence[Any]) -> ScreenTime:
    return ScreenTime([qt_viewer.canvas._scene_canvas for qt_viewer in qt_viewers])  # noqa: SLF001


def medseg(path: Path, times: Times, rounds: int) -> None:
    """The same in medseg's window, and what napari has not."""
    with window() as viewer, engine_times() as engine:
        bench = Workbench(viewer, path, times)
        times.add("step", *_steps(bench, rounds))
        case, binding = bench.panel.case, bench.panel.binding
        structure = case.add_structure("Tumour")
        binding.hand.structure_id = structure.id
        for name, planes, where in (("parallel", AXIAL_10, AXIAL_10[4]), ("mixed", MIXED_10, MIXED_10[3])):
            draw_planes(case, structure.id, planes)
            bench.wait_for_engine()
            engine.clear()
            _strokes(bench, times, rounds, where, name)
            times.add(f"engine, {name}", *engine)
        times.add("step, a tumour", *_steps(bench, rounds))
        binding.views.enlarge(0)
        bench.main.settle()
        times.add("step, one view", *_steps(bench, rounds))
        case.saved = True


def _steps(bench: Workbench, rounds: int) -> list[float]:
    """Notches of the wheel, up and down around the tumour.

    The other planes' crosshairs lie beside their canvases: they are put on the screen with the same frame.
    """
    bench.all.settle()
    return [
        bench.main.until_all_drawn(partial(turn, bench.view.canvas, 1 if number % 30 < 15 else -1))
        for number in range(rounds)
    ]


def _strokes(bench: Workbench, times: Times, rounds: int, where: Slice, name: str) -> None:
    """Paint on the edge of the tumour and erase it again; the engine completes it anew each time."""
    panel, view = bench.panel, bench.view
    brush = panel.desk.box.brush
    panel.desk.box.take(brush)
    panel.binding.show(where)
    bench.wait_for_engine()
    updated: list[float] = []
    panel.live.updated.connect(lambda _update: updated.append(time.perf_counter()))
    for number in range(max(2, rounds // STEPS_A_STROKE)):
        brush.erases = bool(number % 2)
        path = view.to_px(_edge(view.plane, number))
        press(view.canvas, path[0])
        for at in path[1:]:
            times.add("drag", bench.main.until_all_drawn(partial(drag, view.canvas, at)))
        bench.all.settle()
        updated.clear()
        start = time.perf_counter()
        times.add("stroke", bench.all.until_all_drawn(partial(release, view.canvas, path[-1])))
        proposed = bench.all.moment_drawn(lambda: updated[0] if updated else None)
        times.add(f"proposal, {name}", proposed - start)
        bench.wait_for_engine()


def _edge(plane: Any, number: int) -> np.ndarray:
    """Ten points along the edge of the tumour, elsewhere each time."""
    angles = number // 2 * 0.7 + np.linspace(0, 0.3, 10)
    away = RADIUS_MM * np.column_stack([np.cos(angles), np.sin(angles), np.zeros(10)])
    return np.asarray(plane.to_plane_mm(CENTRE_LPS_MM + away))


def draw_planes(case: Any, structure_id: str, planes: Sequence[Slice]) -> None:
    """Draw the tumour on some planes, instead of what it has."""
    placements = Placements(case.volume.grid)
    after = case.delineation.with_contours(())
    for where in planes:
        outline = tumour_on(case.volume.grid, where, structure_id)
        after = with_contours_on(after, structure_id, where, [outline], placements)
    case.edit("draw", after)


def tumour_on(grid: Grid, where: Slice, structure_id: str) -> Contour:
    """The outline of a lobed tumour of 60 mm on a slice."""
    plane = grid.plane(where.axis, where.index)
    off_mm = float(plane.distance_mm(CENTRE_LPS_MM[None])[0])
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    radius = np.sqrt(max(RADIUS_MM**2 - off_mm**2, 1.0)) * (1 + 0.08 * np.cos(3 * angles))
    centre = plane.to_plane_mm(CENTRE_LPS_MM[None])[0]
    ring = centre + radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return Contour(plane, ring, structure_id, origin=Origin.DRAWN)


@contextmanager
def engine_times() -> Iterator[list[float]]:
    """What the engine takes for each of its updates, in seconds."""
    update, took = LiveProposal.update, list[float]()

    def timed(self: LiveProposal, *arguments: Any) -> Any:
        start = time.perf_counter()
        made = update(self, *arguments)
        took.append(time.perf_counter() - start)
        return made

    LiveProposal.update = timed  # type: ignore[assignment, method-assign]
    try:
        yield took
    finally:
        LiveProposal.update = update  # type: ignore[method-assign]


ROWS = (
    ("open a NIfTI to the first picture", "open", "open", ""),
    ("open it to all canvases", "open all", "open", ""),
    ("slice step by the wheel, three linked planes", "step", "step", "at most 1.3 × bare napari's one view"),
    ("the same with a tumour and its proposal; with labels", "step, a tumour", "step, labels", ""),
    ("the same, one plane enlarged", "step, one view", "step", ""),
    ("move of the mouse in a stroke to screen", "drag", "drag", ""),
    ("end of a stroke to its contour on three planes", "stroke", None, ""),
    ("engine's share of a proposal, parallel planes", "engine, parallel", None, "150 median"),
    ("engine's share of a proposal, mixed planes", "engine, mixed", None, "150 median"),
    ("last event to proposal on three planes, parallel", "proposal, parallel", None, "400 median, 700 p95"),
    ("last event to proposal on three planes, mixed", "proposal, mixed", None, "400 median, 700 p95"),
)
"""What it is called, its name in our times and in those of bare napari, what is asked."""


def table(ours: Times, theirs: Times) -> str:
    """The times as Markdown."""
    lines = [
        "| ms | medseg: median | p95 | n | bare napari: median | p95 | ratio | asked |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, mine, other, asked in ROWS:
        median, high = summary_ms(ours.of[mine])
        peer = "| | |"
        if other is not None:
            their_median, their_high = summary_ms(theirs.of[other])
            peer = f"{their_median:.0f} | {their_high:.0f} | {median / their_median:.2f} |"
        lines.append(f"| {name} | {median:.0f} | {high:.0f} | {len(ours.of[mine])} | {peer} {asked} |")
    return "\n".join(lines) + "\n"


def report(rounds: int, passes: int) -> str:
    """Measure both windows in turn; the result as Markdown."""
    warm_up()
    ours, theirs = Times(), Times()
    with tempfile.TemporaryDirectory() as folder:
        # Neither the settings nor the journal of who runs this.
        os.environ.update(MEDSEG_STATE=folder, XDG_CONFIG_HOME=folder)
        path = Path(folder) / "ct.nii"
        write_image(path, SHAPE_KJI)
        for _ in range(passes):
            bare(path, theirs, rounds)
            medseg(path, ours, rounds)
    shape = " × ".join(str(n) for n in reversed(SHAPE_KJI))
    return f"""# The window beside bare napari

An int16 CT of {shape}, window {WINDOW_PX[0]} × {WINDOW_PX[1]}; from the event until the pixels are on the
screen, all waiting included. {passes} windows of each in turn; {platform.machine()}, {os.cpu_count()} cores,
drawn in software under Xvfb. The tumour has 60 mm and 10 contours. Bare napari: one view of the same array, a
step of its slider, the brush of its labels. Made by `python benchmarks/gui.py --write`.

{table(ours, theirs)}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    given = parser.parse_args()
    made = report(4, 1) if given.quick else report(80, 3)
    print(made)
    if given.write:
        RESULT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
