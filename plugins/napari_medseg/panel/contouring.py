"""The dock widget "medseg: contouring": open, contour, interpolate, save, sign off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QLabel, QTabWidget, QVBoxLayout, QWidget

from medseg.space import is_upright, upright_grid
from napari_medseg.actions.key_filter import KeyFilter
from napari_medseg.actions.keyboard import Keyboard
from napari_medseg.actions.keys_window import KeysWindow
from napari_medseg.binding import Binding
from napari_medseg.case import Case, Change
from napari_medseg.display import METADATA_KEY
from napari_medseg.landmark_layer import show_landmarks_of
from napari_medseg.later import later
from napari_medseg.live import LiveCase, Update
from napari_medseg.napari_private import (
    CloseGuard,
    canvas_widget,
    finish_frames,
    main_window,
    stand_left,
    unwrapped,
)
from napari_medseg.opening import Choice
from napari_medseg.panel.acting import Acting
from napari_medseg.panel.assisting.assisting import Assisting
from napari_medseg.panel.assisting.section import AssistSection
from napari_medseg.panel.background import Background
from napari_medseg.panel.contour_section import ContourSection
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.drawing import Drawing
from napari_medseg.panel.exchanging import Exchanging
from napari_medseg.panel.keeping import Keeping
from napari_medseg.panel.measuring.measuring import Measuring
from napari_medseg.panel.measuring.section import NumbersSection
from napari_medseg.panel.messages import Messages
from napari_medseg.panel.open_section import OpenSection
from napari_medseg.panel.opener import Opener
from napari_medseg.panel.parts import button, row
from napari_medseg.panel.recovering import Recovering
from napari_medseg.panel.recovery_section import RecoverySection
from napari_medseg.panel.sign_off_section import SignOffSection
from napari_medseg.panel.structures.structuring import Structuring
from napari_medseg.panel.unsaved import Answer, ask_about_unsaved
from napari_medseg.panel.volume_chooser import VolumeChooser
from napari_medseg.panel.warming import EngineWarmUp
from napari_medseg.panel.windows import Windows
from napari_medseg.places import Places
from napari_medseg.status_line import status_of
from napari_medseg.views.linked_views import Layout
from napari_medseg.volumes.imaging import Imaging
from napari_medseg.volumes.section import ImagesSection

if TYPE_CHECKING:
    import napari

PANEL_WIDTH_PX = 330

STRUCTURES = "medseg: structures"

KEYS_TIP = "Every action with its keys, and a way to set others"

START_LAYOUT = Layout.FOUR
"""Three planes and the surfaces."""

WARM_UP_AFTER_MS = 1000
"""The window is painted, and what was named at the start begins to open, before the engine warms up."""


class ContouringPanel(QWidget):
    """The dock widget.

    Args:
        napari_viewer: The viewer, which npe2 passes by this name.

    Attributes:
        ask: Asks what to do with unsaved work.
        warm_up: Makes the engine ready while the reader opens and draws.
        live: The engine beside the reader of the open case.
        layout_wanted: One canvas, or four.
        upright: Whether true anatomical planes are shown.
        keys_window: The list of all keys, once it was asked for.
    """

    case_shown = Signal()

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.ask = ask_about_unsaved
        self.live: LiveCase | None = None
        self.layout_wanted = START_LAYOUT
        self.upright = False
        self.messages = Messages()
        self.background = Background(self.messages.show_error)
        self.desk = Desk(viewer, self.messages, self.background)
        self.opening = OpenSection()
        self.contours = ContourSection()
        self.sign_off = SignOffSection()
        self.images = ImagesSection()
        self.numbers = NumbersSection()
        self.structuring = Structuring(self.desk, self.contours.structures)
        dock = stand_left(viewer, self.contours.structures, STRUCTURES)
        self.destroyed.connect(dock.deleteLater)
        self.drawing = Drawing(self.desk, self.contours)
        self.exchanging = Exchanging(self.desk)
        self.imaging = Imaging(self.desk, self.images)
        self.assist = AssistSection()
        self.assisting = Assisting(self.desk, self.assist, self.contours)
        self.measuring = Measuring(self.desk, self.numbers, self.contours, self.imaging)
        self.opener = Opener(
            self.desk,
            self.opening,
            self.exchanging,
            show=self.show_case,
            may_close=self.may_close_case,
        )
        self.keeping = Keeping(self.desk, self.sign_off, self.exchanging)
        self.recovery = RecoverySection()
        self.recovering = Recovering(
            self.desk,
            self.recovery,
            show=self.show_case,
            may_close=self.may_close_case,
            refresh=self._refresh,
        )
        self.windows = Windows(self.desk)
        self.keyboard = Keyboard(self.messages.show_error)
        self.keys_window: KeysWindow | None = None
        self.status = QLabel()
        self._unsubscribe = _nothing
        self._lay_out()
        finish_frames(viewer)
        self._guard = CloseGuard(viewer, self.may_close_case, self.leave)
        self._take_keys()
        self.destroyed.connect(self._guard.remove)
        self.opening.plane_chosen.connect(self._show_plane)
        self.contours.structure_chosen.connect(self._refresh)
        self.contours.structure_chosen.connect(self.measuring.follow)
        self.desk.box.subscribe(self._refresh)
        self.background.busy_changed.connect(self._show_busy)
        viewer.dims.events.order.connect(self._on_order)
        self.warm_up = EngineWarmUp()
        self.destroyed.connect(self.warm_up.stop)
        self.destroyed.connect(self.measuring.stop)
        self.destroyed.connect(self.assisting.stop)
        later(self.warm_up.start, WARM_UP_AFTER_MS)
        self.destroyed.connect(self.recovering.let_go)
        self.recovering.look()
        self._refresh()
        self.opener.take_over_layers()

    @property
    def case(self) -> Case | None:
        """The open case."""
        return self.desk.case

    @property
    def binding(self) -> Binding | None:
        """The layers of the open case."""
        return self.desk.binding

    @property
    def chooser(self) -> VolumeChooser | None:
        """The window in which one of several volumes is chosen, while it is open."""
        return self.opener.chooser

    def open_path(self, path: Path) -> None:
        """Open an image, or what belongs on the open image; see :meth:`Opener.open_path`."""
        self.opener.open_path(path)

    def choose(self, choice: Choice) -> None:
        """Ask which of several volumes is to be opened, and open it."""
        self.opener.choose(choice)

    def show_case(self, case: Case, image_layer: Any = None) -> None:
        """Show a case instead of the one that was open."""
        self._unsubscribe()
        self._stop_live()
        before = self.desk.binding
        if before is not None:
            before.leave()
        self.messages.clear()
        self.messages.places = Places(case.volume.grid)
        self.desk.case, self.desk.proposal = case, None
        self.contours.show_proposal(case, None)
        self._remove_stale_layers(case, image_layer)
        grid = upright_grid(case.volume.grid) if self.upright else None
        self.desk.binding = Binding(
            self.desk.viewer, case, self.desk.box, self.messages.show_error, image_layer, grid
        )
        self.desk.binding.hide(self.contours.structures.hidden)
        if before is not None:
            if before.case is not case:
                # Only now: without any layer napari would forget the axes and draw its sliders twice.
                before.remove_layers()
            self.desk.binding.start()
            if not self.upright:
                show_landmarks_of(self.desk.viewer, case)
        if self.layout_wanted is Layout.FOUR:
            # Later: the first picture is there before the other canvases are made.
            later(self._show_wanted_layout)
        self.drawing.choose()
        self._unsubscribe = case.subscribe(self._on_change)
        self._follow(case)
        self.recovering.follow(case)
        self.sign_off.take_case(case)
        if not case.author and case.keeper is None:
            case.set_author(self.sign_off.author.text())
        self._on_order()
        self._refresh()
        if warnings := (*case.volume.warnings, *case.label_map_warnings):
            self.messages.warn(*warnings)
        elif case.look_only is not None:
            self.messages.inform(f"{case.look_only.why}: {case.look_only.hint}.")
        elif case.is_locked:
            self.messages.inform(f"This label map is {case.state.value}: its contours can't be changed.")
        self._show_images()
        self.measuring.show_case()
        self.assisting.show_case()
        self.case_shown.emit()

    def show_upright(self, *, on: bool) -> None:
        """Show true anatomical planes, or the slices as they were acquired."""
        case, binding = self.desk.case, self.desk.binding
        if case is None or binding is None or on == self.upright:
            return
        if on and is_upright(case.volume.grid):
            self.messages.inform("The slices are the true anatomical planes already.")
            return
        place = binding.place_lps_mm
        self.upright = on
        self.show_case(case)
        shown = self.desk.binding
        if shown is not None:
            shown.go_to_lps(place)
        if on:
            self.messages.inform(
                "True anatomical planes: the image is resampled for them (linear between voxels). "
                "What is drawn here lies between its slices."
            )

    def show_layout(self, layout: Layout) -> None:
        """Show one canvas, or four, now and for the cases to come."""
        self.layout_wanted = layout
        binding = self.desk.binding
        if binding is not None:
            binding.set_layout(layout)
            for view in binding.views.views:
                self.key_filter.watch_canvas(view.canvas)

    def _show_wanted_layout(self) -> None:
        self.show_layout(self.layout_wanted)

    def show_keys(self) -> None:
        """List every action with its keys, in a window beside this one."""
        if self.keys_window is None:
            self.keys_window = KeysWindow(self.keyboard, main_window(self.desk.viewer))
        self.keys_window.show()
        self.keys_window.raise_()

    def leave(self) -> None:
        """Let go of the window, which is about to close: threads end, further canvases go."""
        self._stop_live()
        self.measuring.stop()
        self.assisting.stop()
        self.recovering.end()
        if self.desk.binding is not None:
            self.desk.binding.leave()

    def close_case(self) -> None:
        """Take the case out of the viewer, saved or not."""
        self._unsubscribe()
        self._stop_live()
        self.recovering.end()
        self.recovering.let_go()
        if self.desk.binding is not None:
            self.desk.binding.close()
        self.desk.case, self.desk.binding, self.desk.proposal = None, None, None
        self._refresh()
        self.imaging.show_case()
        self.measuring.show_case()
        self.assisting.show_case()
        self.case_shown.emit()

    def may_close_case(self) -> bool:
        """Ask about unsaved work, once; False where it stays."""
        if self.case is None or self.case.saved:
            return True
        answer = self.ask(main_window(self.desk.viewer), self.case.name)
        if answer is Answer.SAVE:
            self.keeping.save_at_once()
            return self.case.saved
        if answer is Answer.DISCARD:
            self.recovering.give_up()
        return answer is Answer.DISCARD

    def _follow(self, case: Case) -> None:
        """Have the engine complete the case while it is drawn."""
        self.live = LiveCase(case, self.messages.show_error, self)
        self.live.updated.connect(self._on_update)
        # Qt takes children apart without calling Python: the thread has to end before.
        self.destroyed.connect(self.live.stop)
        self.live.start()

    def _on_update(self, update: Update) -> None:
        if self.desk.binding is not None:
            self.desk.binding.show_update(update)
        self.desk.proposal = update.proposal
        if self.desk.case is not None:
            self.contours.show_proposal(self.desk.case, update.proposal)
        self._refresh()
        self.measuring.follow()

    def _stop_live(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live.deleteLater()
            self.live = None

    def _show_images(self) -> None:
        self.imaging.show_case()
        if self.imaging.images is not None:
            self.imaging.images.subscribe(self._on_images)

    def _on_images(self) -> None:
        """Another image is looked at: its window, its unit."""
        self.windows.show_case()
        self.contours.tools.show_case(self.case)
        self.measuring.follow()

    def _on_change(self, change: Change) -> None:
        self._refresh()
        if change is Change.IMAGE:
            self.measuring.follow()
        if change is Change.BROUGHT_IN and self.case is not None:
            self._tell_brought_in(self.case)

    def _tell_brought_in(self, case: Case) -> None:
        names = ", ".join(s.name for s in case.structures)
        done = f"Brought in. The case now has {names}."
        if case.brought_in:
            self.messages.warn(done, *case.brought_in)
        else:
            self.messages.confirm(done)

    def _refresh(self) -> None:
        self.opening.show_case(self.case)
        self.contours.show_case(self.case, busy=self.background.busy)
        self.assisting.refresh()
        self.sign_off.show_case(self.case)
        if self.background.busy:
            self.sign_off.setEnabled(False)
        self.status.setText(status_of(self.case))
        self.windows.show_case()

    def _on_order(self, _event: Any = None) -> None:
        if self.binding is not None:
            self.opening.show_plane(self.binding.view.axis)

    def _remove_stale_layers(self, case: Case, image_layer: Any) -> None:
        """Remove the layers of a panel that was closed; the case has all that they show."""
        for layer in list(self.desk.viewer.layers):
            if layer is not image_layer and layer.metadata.get(METADATA_KEY) is case:
                self.desk.viewer.layers.remove(layer)

    def _take_keys(self) -> None:
        """Have keys and the buttons of the tools do what they are for."""
        self.acting = Acting(self)
        self.key_filter = KeyFilter(self.keyboard.current, self.acting, self)
        for window in (main_window(self.desk.viewer), self):
            self.key_filter.watch(window)
        self.key_filter.watch_canvas(canvas_widget(self.desk.viewer))
        self.contours.tools.tool_asked.connect(self.acting.do)
        self.assist.action_asked.connect(self.acting.do)
        self.contours.tools.range_asked.connect(lambda _on: self.acting.do("range"))
        self.contours.tools.follow(self.desk.box, self.keyboard.keys_text)
        self.windows.follow(self.keyboard.keys_text)
        self.contours.structures.added.connect(self._return_keyboard)
        self._name_keys()
        self.keyboard.subscribe(self._name_keys)

    def _return_keyboard(self) -> None:
        """After a structure was named, keys draw it."""
        if self.desk.binding is not None and not self.contours.structures.name.text():
            self.desk.binding.main.canvas.setFocus()

    def _name_keys(self) -> None:
        self.contours.show_keys(self.keyboard.keys_text)
        self.windows.show_keys()
        self.assist.show_keys(self.keyboard.keys_text)
        self.numbers.show_key(self.keyboard.keys_text("diameters"))
        self.show_keys_button.setToolTip(f"{KEYS_TIP} ({self.keyboard.keys_text('help')})")

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.addTab(self.contours, "Contour")
        self.tabs.addTab(self.assist, "Propose")
        self.tabs.addTab(self.numbers, "Numbers")
        self.tabs.addTab(self.images, "Images")
        self.tabs.addTab(self.sign_off, "Save")
        self.tabs.setTabToolTip(self.tabs.indexOf(self.sign_off), "Save and sign off")
        self.status.setWordWrap(True)
        self.status.setToolTip("Case, state of the sign-off, author, and whether everything is saved")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        self.show_keys_button = button("?", KEYS_TIP, self.show_keys)
        self.show_keys_button.setFixedWidth(30)
        window = row(QLabel("window"), self.windows, self.show_keys_button, stretch=1)
        below = (self.background, self.messages, self.status)
        for widget in (self.opening, window, self.recovery, self.tabs, *below):
            layout.addWidget(widget, 1 if widget is self.tabs else 0)
        self.setMinimumWidth(PANEL_WIDTH_PX)

    def _show_plane(self, axis: int) -> None:
        if self.binding is not None:
            self.binding.view.show_plane(axis)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        self.opening.setEnabled(not busy)
        self._refresh()


def _nothing() -> None:
    pass
