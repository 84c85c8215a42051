"""What is opened: paths that were typed, chosen or dropped, and what napari's own menus opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from medseg.errors import InputError
from medseg.progress import Progress
from medseg.workflows.landmarks import is_landmark_file
from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY
from napari_medseg.later import later
from napari_medseg.napari_private import main_window
from napari_medseg.opening import (
    Choice,
    OpenedLabelMap,
    OpenedStructures,
    is_label_map,
    is_structures,
    open_chosen,
    open_path,
    put_on,
    read_label_map,
)
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.exchanging import Exchanging
from napari_medseg.panel.open_section import OpenSection
from napari_medseg.panel.volume_chooser import VolumeChooser


class ShowCase(Protocol):
    """Shows a case instead of the one that was open, by a layer that is there already where one is given."""

    def __call__(self, case: Case, image_layer: Any = None) -> None:
        """Show it."""


class Opener:
    """Makes the open case of what somebody names.

    Args:
        desk: The desk of the panel.
        section: Where paths are typed and chosen.
        exchanging: Brings files of other programs to the open case.
        show: Shows a case.
        may_close: Asks about unsaved work; False where the open case stays.

    Attributes:
        chooser: The window in which one of several volumes is chosen, while it is open.
    """

    def __init__(
        self,
        desk: Desk,
        section: OpenSection,
        exchanging: Exchanging,
        *,
        show: ShowCase,
        may_close: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._exchanging = exchanging
        self._show = show
        self._may_close = may_close
        self.chooser: VolumeChooser | None = None
        section.path_chosen.connect(self._open_chosen)
        section.upon_chosen.connect(self._open_upon)
        desk.viewer.layers.events.inserted.connect(self._on_inserted)

    def open_path(self, path: Path) -> None:
        """Open an image, or what belongs on the open image, in the background.

        A saved label map takes the place of what is there; structures and landmarks of other programs are
        added to it.
        """
        path = path.expanduser()
        if is_landmark_file(path):
            self._exchanging.bring_landmarks(path)
            return
        if is_structures(path):
            self._exchanging.bring_in(path)
            return
        if not self._may_close():
            return
        if not is_label_map(path):
            self._desk.background.run("Opening", partial(open_path, path), self._show_opened)
        elif self._desk.case is None:
            error = InputError("a label map needs its image", hint="open the image first, then this file")
            self._desk.messages.show_error(error)
        else:
            show = partial(self._show_label_map, self._desk.case)
            self._desk.background.run("Opening", partial(_read_label_map, path), show)

    def choose(self, choice: Choice) -> None:
        """Ask which of several volumes is to be opened, and open it."""
        self.chooser = VolumeChooser(choice, main_window(self._desk.viewer))
        self.chooser.finished.connect(self._open_chosen_volume)
        self.chooser.open()

    def take_over_layers(self) -> None:
        """Make what napari's own menus opened the case, if none is open."""
        for layer in list(self._desk.viewer.layers):
            holds, case = layer.metadata.get(METADATA_KEY), self._desk.case
            if case is None and isinstance(holds, Case) and layer.as_layer_data_tuple()[2] == "image":
                self._show(holds, layer)
            elif case is not None and not case.structures:
                self._take_over_structures(case, holds)

    def _open_chosen(self, path: str) -> None:
        self.open_path(Path(path))

    def _open_upon(self, path: str) -> None:
        """Open what was named as structures of the open image: NIfTI of any name, too."""
        if is_landmark_file(path) or is_label_map(Path(path)):
            self.open_path(Path(path))
        else:
            self._exchanging.bring_in(Path(path))

    def _show_opened(self, opened: Case | Choice) -> None:
        if isinstance(opened, Choice):
            self.choose(opened)
        else:
            self._show(opened)

    def _open_chosen_volume(self, _result: int) -> None:
        chooser, self.chooser = self.chooser, None
        if chooser is None:
            return
        chooser.deleteLater()
        if chooser.accepted_choice is not None:
            work = partial(open_chosen, chooser.choice, *chooser.accepted_choice)
            done = partial(self._show_chosen, chooser.choice.structures)
            self._desk.background.run("Opening", work, done)

    def _show_chosen(self, structures: Path | None, case: Case) -> None:
        self._show(case)
        if structures is not None:
            self._exchanging.bring_in(structures)

    def _show_label_map(self, case: Case, opened: OpenedLabelMap) -> None:
        on_image = case.anew()
        put_on(on_image, opened)
        self._show(on_image)

    def _on_inserted(self, _event: Any) -> None:
        # Later: napari is still inserting it.
        later(self.take_over_layers)

    def _take_over_structures(self, case: Case, holds: object) -> None:
        """Put on the case what was opened before its image, and take its own layers away."""
        if not isinstance(holds, OpenedLabelMap | OpenedStructures):
            return
        for layer in list(self._desk.viewer.layers):
            if layer.metadata.get(METADATA_KEY) is holds:
                self._desk.viewer.layers.remove(layer)
        if isinstance(holds, OpenedLabelMap):
            self._desk.attempt(partial(self._show_label_map, case, holds))
        else:
            self._exchanging.bring_in(holds.path)


def _read_label_map(path: Path, _progress: Progress) -> OpenedLabelMap:
    return read_label_map(path)
