"""What the buttons, sliders and keys of the images do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.progress import Progress, silent
from medseg.volume import Volume
from medseg.workflows.registered import (
    Candidate,
    Fit,
    candidates_among,
    candidates_in,
    read_candidate,
)
from napari_medseg.case import Case, Change
from napari_medseg.later import later
from napari_medseg.volumes.image_layers import ImageLayers
from napari_medseg.volumes.images import Images
from napari_medseg.volumes.section import ImagesSection, name_of

if TYPE_CHECKING:
    from napari_medseg.panel.desk import Desk


class Imaging:
    """Adds, blends and switches images, and goes through time points.

    Args:
        desk: What the parts of the panel share.
        section: The part of the panel.

    Attributes:
        images: The images of the open case, or None.
        layers: Their layers, or None.
    """

    def __init__(self, desk: Desk, section: ImagesSection) -> None:
        self._desk = desk
        self._section = section
        self._wanted_time: int | None = None
        self._unsubscribe = _nothing
        self.images: Images | None = None
        self.layers: ImageLayers | None = None
        section.search_asked.connect(lambda path: self.search(Path(path)))
        section.candidate_chosen.connect(self.add)
        section.image_chosen.connect(self._show)
        section.remove_asked.connect(self.remove)
        section.blend_changed.connect(self._set_blend)
        section.time_asked.connect(self.go_to_time)
        section.time_scope_changed.connect(lambda on: self.draw_at_one_time(on=on))
        desk.background.busy_changed.connect(self._on_busy)

    def show_case(self) -> None:
        """Show the images of the case that is open now, which stay where only its planes are others."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        if self.layers is not None:
            self.layers.leave()
        self.layers, self._wanted_time = None, None
        case, binding = self._desk.case, self._desk.binding
        if self.images is not None and self.images.case is not case:
            self.images = None
        if case is not None and binding is not None:
            if self.images is None:
                self.images = Images(case)
                self.images.subscribe(self._refresh)
            self.layers = ImageLayers(self._desk.viewer, binding.views, self.images, binding.grid)
            binding.in_front, binding.values_at = self.layers.in_front, self.images.text_at
            self._unsubscribe = case.subscribe(self._on_change)
            self._section.offer(candidates_among(case.listed_beside, case.volume))
        self._refresh()

    def search(self, path: Path) -> None:
        """Look for further images of the patient; a single one that fits is added at once."""
        case = self._desk.case
        if case is not None:
            work = partial(_candidates, path, case.volume)
            self._desk.background.run("Looking for images", work, partial(self._offer, case))

    def add(self, candidate: Candidate) -> None:
        """Lay an image on that of the case."""
        case = self._desk.case
        if case is not None:
            work = partial(_read, candidate, case.volume)
            self._desk.background.run("Reading", work, partial(self._add, case, candidate))

    def remove(self) -> None:
        """Take the image in front away."""
        if self.images is not None and self.images.front is not None:
            self.images.remove(self.images.front)

    def switch(self) -> None:
        """Go on to the next image."""
        if self.images is not None:
            self.images.switch()

    def step_blend(self, count: int) -> None:
        """See some steps more of the image in front, or less."""
        if self.images is not None:
            self.images.step_blend(count)

    def step_time(self, count: int) -> None:
        """Go some time points on."""
        case = self._desk.case
        if case is not None and case.time_points is not None and case.time_index is not None:
            # Keys that are held down count on from where the reader is going.
            start = case.time_index if self._wanted_time is None else self._wanted_time
            self.go_to_time(min(max(start + count, 0), case.time_points.count - 1))

    def go_to_time(self, time_index: int) -> None:
        """Bring another volume of a 4-D image into view; it is read where it was not yet."""
        case = self._desk.case
        if case is None or case.time_points is None:
            return
        if case.time_points.is_read(time_index):
            self._wanted_time = None
            self._desk.attempt(lambda: self._show_time(case, time_index, _volume_at(case, time_index)))
        elif self._desk.background.busy:
            # The slider may have gone on meanwhile: only where it ends is read.
            self._wanted_time = time_index
        else:
            self._wanted_time = None
            work = partial(_volume_at, case, time_index)
            done = partial(self._show_time, case, time_index)
            self._desk.background.run(f"Reading volume {time_index + 1}", work, done)

    def draw_at_one_time(self, *, on: bool) -> None:
        """Say whether what is drawn belongs to the time point in view alone, or to all."""
        if self._desk.case is not None:
            self._desk.case.draw_at_one_time(on=on)
            self._section.show_time(self._desk.case)

    def toggle_time_scope(self) -> None:
        """The same by one key."""
        case = self._desk.case
        if case is not None and case.time_points is not None:
            self.draw_at_one_time(on=not case.draws_at_one_time)

    def _offer(self, case: Case, found: tuple[Candidate, ...]) -> None:
        if case is not self._desk.case:
            return
        self._section.offer(found)
        fitting = [one for one in found if one.fit is not Fit.OTHER]
        if len(fitting) == 1:
            self.add(fitting[0])
        elif fitting:
            self._desk.messages.inform(f"Found {len(fitting)} images: choose one under Add image….")
        else:
            self._desk.messages.warn(
                "No further image there lies in the frame of reference of the open one."
                if found
                else "There is no further image."
            )

    def _add(self, case: Case, candidate: Candidate, volume: Volume) -> None:
        if case is not self._desk.case or self.images is None:
            return
        self.images.add(volume, name_of(candidate))
        if volume.warnings:
            self._desk.messages.warn(*volume.warnings)

    def _show(self, image: object) -> None:
        if self.images is not None:
            self.images.show(next((one for one in self.images.beside if one is image), None))

    def _set_blend(self, blend: float) -> None:
        if self.images is not None:
            self.images.set_blend(blend)

    def _show_time(self, case: Case, time_index: int, volume: Volume) -> None:
        if case is not self._desk.case:
            return
        binding = self._desk.binding
        if binding is not None:
            # What was begun belongs to the volume on which it was begun.
            binding.hand.finish()
        case.show_time(time_index, volume)

    def _on_busy(self, busy: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        if busy:
            return
        wanted, self._wanted_time = self._wanted_time, None
        if wanted is not None:
            self.go_to_time(wanted)
        else:
            # Where a volume can't be read the slider goes back.
            later(self._show_time_in_view)

    def _show_time_in_view(self) -> None:
        if not self._desk.background.busy:
            self._section.show_time(self._desk.case)

    def _on_change(self, change: Change) -> None:
        if change is Change.IMAGE:
            self._section.show_time(self._desk.case)

    def _refresh(self) -> None:
        self._section.show_images(self.images)
        self._section.show_time(self._desk.case)


def _volume_at(case: Case, time_index: int, progress: Progress = silent) -> Volume:
    if case.time_points is None:
        raise TypeError("expected the case of a 4-D image")
    return case.time_points.volume(time_index, progress)


def _candidates(path: Path, opened: Volume, progress: Progress) -> tuple[Candidate, ...]:
    return candidates_in(path, opened, progress=progress)


def _read(candidate: Candidate, opened: Volume, progress: Progress) -> Volume:
    return read_candidate(candidate, opened, progress=progress)


def _nothing() -> None:
    pass
