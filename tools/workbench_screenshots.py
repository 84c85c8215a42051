"""Make the pictures of the tutorial and of the workbench in docs/images, at two sizes and in both themes.

It needs a display, or Xvfb with a screen of 1920 × 1200: ``make screenshots``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication

from medseg.contour import Slice, trace_slice
from medseg.labelmap import LabelMap
from medseg.workflows.sample_data import sample_volume
from medseg.workflows.segmenters import Point, Sphere
from medseg.workflows.templates import TEMPLATES
from napari_medseg.case import Case
from napari_medseg.display import slice_on_display
from napari_medseg.napari_private import hide_layer_docks, main_window
from napari_medseg.panel.contouring import ContouringPanel

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SMALL_PX, LARGE_PX = (1280, 800), (1920, 1080)
SETTLE_S = 0.6
MANY_S = 60.0
STROKE_POINTS = 60
COLORS = 256
"""Are enough for grey images and some lines, and half the size."""


class Tutorial:
    """From a DICOM folder to a saved tumour, as the tutorial goes.

    Args:
        size: Of the phantom.
    """

    def __init__(self, size: str) -> None:
        self.viewer = napari.Viewer(title="medseg", show=True)
        hide_layer_docks(self.viewer)
        self.panel = ContouringPanel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="medseg: contouring", area="right")
        self.volume, self.truth = sample_volume("abdomen", size)

    def make(self) -> None:
        """Take all pictures."""
        main_window(self.viewer).resize(*SMALL_PX)
        self.panel.show_case(Case(self.volume, "abdominal-ct"))
        self.wait(lambda: len(self.panel.binding.views.views) == 3)
        self.save("tutorial-open.png")
        template = next(one for one in TEMPLATES if "metast" in one.name.lower())
        self.panel.structuring.use(template)
        tumour = self.panel.case.structures[1]
        self.panel.contours.choose(tumour.id)
        self.panel.acting.take(self.panel.desk.box.freehand)
        slices = self.slices_of(self.truth)
        self.draw(slices[len(slices) // 2], end=False)
        self.save("tutorial-draw.png")
        self.release()
        self.draw(slices[2])
        self.draw(slices[-3])
        self.follow()
        self.go_to(slices[len(slices) // 2 + 2])
        self.save("tutorial-proposal.png")
        self.numbers()
        self.panel.drawing.draw_next()
        self.finish()
        self.save("tutorial-next.png")
        self.panel.drawing.interpolate()
        self.finish()
        self.follow()
        self.save("tutorial-accepted.png")
        self.panel.tabs.setCurrentWidget(self.panel.sign_off)
        self.panel.sign_off.author.setText("Ada Adams")
        self.panel.sign_off.path.setText("abdominal-ct_dseg.nii.gz")
        self.save("tutorial-save.png")
        self.panel.tabs.setCurrentIndex(0)
        for theme in ("dark", "light"):
            self.viewer.theme = theme
            for width, height in (SMALL_PX, LARGE_PX):
                main_window(self.viewer).resize(width, height)
                self.settle()
                self.panel.binding.views.fit()
                self.save(f"workbench-{theme}-{width}.png")
        self.panel.show_keys()
        self.settle()
        window = self.panel.keys_window
        if window is not None:
            window.grab().save(str(IMAGES / "keys.png"))
        self.panel.close_case()
        self.propose()
        self.viewer.close()

    def propose(self) -> None:
        """Have the tumour proposed from a ball and some clicks, in it and around it."""
        main_window(self.viewer).resize(*SMALL_PX)
        self.viewer.theme = "dark"
        self.panel.show_case(Case(self.volume, "abdominal-ct"))
        self.panel.structuring.add("Tumour")
        self.panel.tabs.setCurrentWidget(self.panel.assist)
        self.panel.assisting.choose_named("grow-from-seeds")
        slices = self.slices_of(self.truth)
        self.go_to(slices[len(slices) // 2])
        mask = self.truth.mask("tumour")
        grid = self.volume.grid
        x, y, z = grid.to_lps_mm(np.argwhere(mask).mean(axis=0)[None])[0].tolist()
        radius_mm = (np.count_nonzero(mask) * grid.voxel_volume_mm3 * 0.75 / np.pi) ** (1 / 3)
        hints = self.panel.assisting.hints
        hints.set_sphere(Sphere((x, y, z), 1.4 * radius_mm))
        for inside in (0.0, 0.6, -0.6):
            hints.add(Point((x, y + inside * radius_mm, z), "tumour"))
        for beside in (1.25, -1.25):
            hints.add(Point((x + beside * radius_mm, y, z), None))
            hints.add(Point((x, y + beside * radius_mm, z), None))
        self.panel.assisting.ask()
        self.finish()
        self.save("window-proposal.png")
        self.panel.close_case()

    def numbers(self) -> None:
        """Show the numbers, and the diameters on their slice."""
        measuring = self.panel.measuring
        self.wait(lambda: measuring.numbers is not None and not measuring.live.busy)
        self.panel.tabs.setCurrentWidget(self.panel.numbers)
        measuring.toggle_diameters()
        self.save("window-numbers.png")
        measuring.toggle_diameters()
        self.panel.tabs.setCurrentIndex(0)

    def slices_of(self, truth: LabelMap) -> list[Slice]:
        """The slices of the tumour, as a reader finds them."""
        mask = truth.mask("tumour")
        return [Slice(0, int(k)) for k in np.flatnonzero(mask.any(axis=(1, 2)))]

    def draw(self, where: Slice, *, end: bool = True) -> None:
        """Go round the tumour on a slice, with the mouse."""
        self.go_to(where)
        view, hand = self.panel.binding.main, self.panel.binding.hand
        mask = self.truth.mask("tumour").take(where.index, axis=where.axis)
        outline = max(
            trace_slice(mask, self.volume.grid, where, "tumour"), key=lambda c: abs(c.signed_area_mm2)
        )
        path = view.to_px(_evenly(outline.points_mm, STROKE_POINTS))
        hand.pressed(view, *path[0], shift=False)
        for at in path[1:] if end else path[1 : len(path) * 3 // 4]:
            hand.dragged(view, *at)
        if end:
            hand.released(view, *path[-1])
        else:
            self._at = view, path
        self.settle()

    def release(self) -> None:
        """End the stroke that was left in the middle."""
        view, path = self._at
        hand = self.panel.binding.hand
        for at in path[len(path) * 3 // 4 :]:
            hand.dragged(view, *at)
        hand.released(view, *path[-1])
        self.settle()

    def go_to(self, where: Slice) -> None:
        """Show a slice through the middle of the tumour on all planes."""
        views = self.panel.binding.views
        middle = np.array([np.median(indices) for indices in np.nonzero(self.truth.mask("tumour"))])
        self.panel.binding.go_to_lps(self.volume.grid.to_lps_mm(middle[None])[0])
        axis, position = slice_on_display(where, self.volume.grid)
        place = list(views.position)
        place[axis] = position
        views.go_to(place)
        self.settle()

    def follow(self) -> None:
        """Wait for the engine and for the surfaces."""
        live = self.panel.live
        self.wait(lambda: live.is_current and not live.busy)
        self.settle(2.0)

    def finish(self) -> None:
        """Wait for what runs in the background."""
        self.wait(lambda: not self.panel.background.busy)

    def wait(self, done: Callable[[], bool]) -> None:
        """Let the window go on until something is so."""
        end = time.monotonic() + MANY_S
        while not done():
            QApplication.processEvents()
            if time.monotonic() > end:
                raise TimeoutError("the window did not come to it")
        self.settle()

    def settle(self, seconds: float = SETTLE_S) -> None:
        """Let the window draw."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()

    def save(self, name: str) -> None:
        """Take a picture of the whole window."""
        self.settle()
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        picture = Image.fromarray(pixels).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        picture.save(IMAGES / name, optimize=True)


def _evenly(points: np.ndarray, count: int) -> np.ndarray:
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, along[-1], count, endpoint=False)
    return np.column_stack([np.interp(at, along, closed[:, axis]) for axis in range(2)])


if __name__ == "__main__":
    with TemporaryDirectory() as state:
        # Whose work was left unsaved is nobody's business here.
        os.environ["MEDSEG_STATE"] = state
        Tutorial(*(sys.argv[1:] or ["full"])).make()
