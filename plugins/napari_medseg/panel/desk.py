"""What the parts of the panel share: the open case, its layers, messages and background work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from medseg.errors import MedsegError
from medseg.workflows.delineate import Proposal
from napari_medseg.binding import Binding
from napari_medseg.case import Case
from napari_medseg.panel.background import Background
from napari_medseg.panel.messages import Messages
from napari_medseg.tools.tool_box import ToolBox


@dataclass(eq=False)
class Desk:
    """The desk that one panel works at.

    Attributes:
        viewer: The napari viewer.
        messages: Where errors and confirmations appear.
        background: Where long work runs.
        box: The tools that the reader has.
        case: The open case, or None.
        binding: Its layers, or None.
        proposal: What the engine proposed last; None where there is nothing yet.
    """

    viewer: Any
    messages: Messages
    background: Background
    box: ToolBox = field(default_factory=ToolBox)
    case: Case | None = None
    binding: Binding | None = None
    proposal: Proposal | None = None

    def attempt(self, action: Callable[[], object]) -> None:
        """Do something; an error that medseg raised on purpose appears in the panel."""
        try:
            action()
        except MedsegError as error:
            self.messages.show_error(error)
