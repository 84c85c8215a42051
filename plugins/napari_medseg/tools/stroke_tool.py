"""What the tools have in common that work while the button is down: each stroke is one step."""

from __future__ import annotations

from abc import ABC, abstractmethod

from napari_medseg.tools.tool import At, Slate


class StrokeTool(ABC):
    """A tool whose stroke begins with the press and ends with the release."""

    _slate: Slate | None = None

    @property
    def is_begun(self) -> bool:
        """Whether the button is down."""
        return self._slate is not None

    @abstractmethod
    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Begin the stroke."""

    @abstractmethod
    def drag(self, at: At) -> None:
        """Go on with it."""

    @abstractmethod
    def finish(self) -> None:
        """Make an edit of it."""

    @abstractmethod
    def cancel(self) -> None:
        """Forget it."""

    def release(self, at: At) -> None:
        """End the stroke: it becomes one step."""
        self.drag(at)
        self.finish()

    def double_click(self, slate: Slate, at: At) -> None:
        """Begin a stroke, too: a quick hand sets two one after the other."""
        self.press(slate, at)

    def take_back(self) -> bool:
        """A stroke in progress is taken back whole."""
        begun = self.is_begun
        self.cancel()
        return begun
