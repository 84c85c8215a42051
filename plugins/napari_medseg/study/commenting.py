"""What the buttons for comments do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from medseg.progress import Progress
from medseg.study.records import Comment
from medseg.workflows.study import add_comment, resolve_comment
from napari_medseg.coordinates import lps_of_world
from napari_medseg.study.comment_section import CommentSection
from napari_medseg.study.desk import StudyDesk


class Commenting:
    """Adds, resolves and shows comments of the open case.

    Args:
        desk: The desk of the dock.
        section: The list and the form.
        after: Called when there are other comments than before.
    """

    def __init__(self, desk: StudyDesk, section: CommentSection, after: Callable[[], None]) -> None:
        self._desk = desk
        self._section = section
        self._after = after
        self._picks = False
        section.add_asked.connect(self.add)
        section.resolve_asked.connect(self.resolve)
        section.jump_asked.connect(desk.jump)
        section.pick_asked.connect(self.pick)

    def add(self) -> None:
        """Add the comment that was written."""
        self._desk.attempt(self._add)

    def resolve(self, comment_id: int) -> None:
        """Call a comment resolved."""
        self._desk.attempt(partial(self._resolve, comment_id))

    def pick(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        """Let the next click on the image say where the comment is about, or not."""
        callbacks = self._desk.viewer.mouse_drag_callbacks
        if self._picks:
            self._picks = False
            callbacks.remove(self._on_click)
        binding = self._desk.binding
        if on and binding is not None:
            binding.stop_drawing()
            self._picks = True
            callbacks.append(self._on_click)
        self._section.pick.setChecked(self._picks)

    def _on_click(self, _viewer: Any, event: Any) -> None:
        self.pick(False)  # noqa: FBT003 - Qt's signature
        self._desk.attempt(partial(self._take_place, tuple(event.position)))

    def _take_place(self, world_mm: tuple[float, ...]) -> None:
        grid = self._desk.open_case().case.volume.grid
        self._section.show_place(lps_of_world(world_mm, grid))

    def _add(self) -> None:
        study, who = self._desk.signed_in()
        opened = self._desk.open_case()
        text, structure, place = self._section.written()
        revision = opened.shown.digest if opened.shown else None

        def work(_progress: Progress) -> Comment:
            return add_comment(
                study,
                who,
                opened.view.case.id,
                text,
                structure=structure,
                at_lps_mm=place,
                revision=revision,
            )

        self._desk.background.run("Adding the comment", work, self._added)

    def _added(self, comment: Comment) -> None:
        self._section.clear_form()
        self._desk.messages.confirm(f"Comment {comment.id} was added.")
        self._after()

    def _resolve(self, comment_id: int) -> None:
        study, who = self._desk.signed_in()

        def work(_progress: Progress) -> Comment:
            return resolve_comment(study, who, comment_id)

        self._desk.background.run("Resolving the comment", work, self._resolved)

    def _resolved(self, comment: Comment) -> None:
        self._desk.messages.confirm(f"Comment {comment.id} is resolved.")
        self._after()
