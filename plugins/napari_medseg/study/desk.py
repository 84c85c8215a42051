"""What the parts of the dock share: the study, who is signed in, the open case, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from medseg.errors import ConflictError, MedsegError, StudyError
from medseg.workflows.study import SignedIn, Study
from napari_medseg.binding import Binding
from napari_medseg.napari_private import contouring_panel
from napari_medseg.panel.background import Background
from napari_medseg.panel.contouring import ContouringPanel
from napari_medseg.panel.messages import Messages
from napari_medseg.places import Places
from napari_medseg.study.opened_case import OpenedCase


@dataclass(eq=False)
class StudyDesk:
    """The desk that one dock works at.

    Attributes:
        viewer: The napari viewer.
        messages: Where errors and confirmations appear.
        background: Where long work runs.
        study: The open study, or None.
        who: Who is signed in, or None.
        opened: The open case of the study, or None.
        on_conflict: Called when somebody else was faster.
    """

    viewer: Any
    messages: Messages
    background: Background
    study: Study | None = None
    who: SignedIn | None = None
    opened: OpenedCase | None = None
    on_conflict: Callable[[], None] = field(default=lambda: None)

    @property
    def panel(self) -> ContouringPanel | None:
        """The contouring panel of the viewer; None where there is none."""
        return contouring_panel(self.viewer, ContouringPanel)

    @property
    def binding(self) -> Binding | None:
        """The layers of the open case of the study."""
        panel = self.panel
        if panel is None or self.opened is None or panel.case is not self.opened.case:
            return None
        return panel.binding

    @property
    def session_is_open(self) -> bool:
        """Whether a signature needs no more than the passphrase now."""
        return self.who is not None and self.who.session.is_open(datetime.now().astimezone())

    def signed_in(self) -> tuple[Study, SignedIn]:
        """The study and who acts in it.

        Raises:
            StudyError: Nobody is signed in.
        """
        if self.study is None or self.who is None:
            raise StudyError("nobody is signed in", hint="name the study, your key and its passphrase")
        return self.study, self.who

    def open_case(self) -> OpenedCase:
        """The open case.

        Raises:
            StudyError: There is none.
        """
        if self.opened is None:
            raise StudyError("no case of the study is open", hint="open one from the worklist")
        return self.opened

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something; an error that medseg raised on purpose appears in the dock."""
        try:
            action()
        except MedsegError as error:
            self.tell(error)

    def tell(self, error: MedsegError) -> None:
        """Show an error in its own words."""
        self.messages.show_error(error)
        if isinstance(error, ConflictError):
            self.on_conflict()

    def jump(self, lps_mm: tuple[float, float, float]) -> None:
        """Show a place in the patient, in LPS mm."""
        binding = self.binding
        if binding is not None:
            binding.show(Places(self.open_case().case.volume.grid).at(lps_mm))

    def close(self) -> None:
        """Give the study back."""
        study, self.study, self.who, self.opened = self.study, None, None, None
        if study is not None:
            study.close()
