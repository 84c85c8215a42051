"""The engine beside the reader: after each edit it completes the case anew, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

from medseg.errors import MedsegError
from medseg.volume import Volume
from medseg.workflows.delineate import Changed, Delineation, LiveProposal, Proposal
from napari_medseg.case import Case, Change

WAIT_MS = 20
"""Edits that follow one another within this time are worked out together."""


@dataclass(frozen=True, eq=False)
class Update:
    """What the engine made of a delineation.

    Attributes:
        proposal: Whole structures.
        changed: The voxels that changed.
    """

    proposal: Proposal
    changed: Changed


class LiveCase(QObject):
    """Follows one case.

    Args:
        case: The case.
        tell: Shows an error.
        parent: The widget that it belongs to.

    Attributes:
        proposal: What was made last; None before there is one.
    """

    updated = Signal(object)
    """An :class:`Update`, in the thread of the window."""

    _finished = Signal(object)

    def __init__(
        self, case: Case, tell: Callable[[MedsegError], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._case = case
        self._tell = tell
        self._engine: LiveProposal | None = None
        self._image: Volume | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medseg-engine")
        self._running: Future[None] | None = None
        self._worked_on: Delineation | None = None
        self._next: Callable[[], object] | None = None
        self.proposal: Proposal | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._begin)
        self._finished.connect(self._on_finished)
        self._unsubscribe = case.subscribe(self._on_change)

    @property
    def is_current(self) -> bool:
        """Whether the proposal was made of what is drawn now."""
        return self.proposal is not None and self.proposal.delineation is self._case.delineation

    @property
    def busy(self) -> bool:
        """Whether something is being worked out, or about to be."""
        return self._running is not None or self._timer.isActive()

    def when_current(self, action: Callable[[], object]) -> None:
        """Do the last thing that was asked for as soon as the engine has followed the last edit."""
        self._next = action
        self._timer.start()

    def start(self) -> None:
        """Follow what is drawn from now on, and complete what there is."""
        self._timer.start()

    def stop(self) -> None:
        """End; waits for what is being worked out, which takes a moment."""
        self._unsubscribe()
        self._timer.stop()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _on_change(self, change: Change) -> None:
        if change in (Change.STRUCTURES, Change.CONTOURS, Change.STATUS):
            self._timer.start()

    def _begin(self) -> None:
        now = self._case.delineation
        if self._running is not None:
            return
        has_any = bool(now.contours) or now.voxels is not None
        # Another time point of a 4-D image is another image.
        image = self._case.volume if self._case.image_may_help else None
        same_image = self._image is image
        if (now is self._worked_on and same_image) or (self.proposal is None and not has_any):
            return
        if self._engine is None or not same_image:
            self._image = image
            self._engine = LiveProposal(self._case.volume.grid, image)
        self._worked_on = now
        self._running = self._thread.submit(self._work, self._engine, now)

    def _work(self, engine: LiveProposal, now: Delineation) -> None:
        result: Update | Exception
        try:
            result = Update(*engine.update(now))
        except Exception as error:  # noqa: BLE001 - raised again in the window's thread
            result = error
        try:
            self._finished.emit(result)
        except RuntimeError:
            # The window was closed meanwhile: Qt has taken the signal apart.
            return

    def _on_finished(self, result: object) -> None:
        self._running = None
        if isinstance(result, MedsegError):
            self._tell(result)
            return
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, Update)  # noqa: S101 - as _work has it
        self.proposal = result.proposal
        self.updated.emit(result)
        if self._worked_on is not self._case.delineation:
            self._timer.start()
        elif self._next is not None:
            action, self._next = self._next, None
            action()
