"""History: the steps of a reader, to go back and forth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from medseg.workflows.delineate.delineation import Delineation

MAX_STEPS = 1000
"""More are forgotten, the oldest first. A step costs only what it changed: the rest is shared."""


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that a reader did.

    Attributes:
        label: What it was, for people: ``nudge``, ``accept all``.
        before: The delineation before it.
        after: The delineation after it.
    """

    label: str
    before: Delineation
    after: Delineation


class History:
    """The steps done so far, and those that were undone.

    Args:
        start: The delineation before the first step.
        steps: Steps that were done earlier, each from where the one before ended.
        position: How many of these are done; all by default.
    """

    def __init__(self, start: Delineation, steps: Iterable[Step] = (), position: int | None = None) -> None:
        self._start = start
        self._steps = list(steps)
        self._position = len(self._steps) if position is None else position

    @property
    def current(self) -> Delineation:
        """What there is now."""
        return self._steps[self._position - 1].after if self._position else self._start

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those that were undone among them."""
        return tuple(self._steps)

    @property
    def start(self) -> Delineation:
        """The delineation before the first step that is remembered."""
        return self._start

    @property
    def position(self) -> int:
        """How many of the steps are done."""
        return self._position

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to go back."""
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._position < len(self._steps)

    def do(self, label: str, after: Delineation) -> Step:
        """Do a step; what was undone before is forgotten."""
        step = Step(label, self.current, after)
        self._steps[self._position :] = [step]
        surplus = len(self._steps) - MAX_STEPS
        if surplus > 0:
            self._start = self._steps[surplus - 1].after
            del self._steps[:surplus]
        self._position = len(self._steps)
        return step

    def undo(self) -> Step | None:
        """Go back one step; the step, or None where there is none."""
        if not self.can_undo:
            return None
        self._position -= 1
        return self._steps[self._position]

    def redo(self) -> Step | None:
        """Do the step again that was undone last; the step, or None where there is none."""
        if not self.can_redo:
            return None
        self._position += 1
        return self._steps[self._position - 1]
