"""Numbers beside the reader: what is asked for last is measured in a thread, once the hand rests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

from medseg.errors import MedsegError
from napari_medseg.panel.measuring.to_measure import Numbers, ToMeasure, measured

REST_MS = 250
"""After the last change: nobody reads numbers while drawing, and the picture has the machine to itself."""


class LiveNumbers(QObject):
    """Measures what was asked for last.

    Args:
        tell: Shows an error.
        at_work: Whether the reader is in the middle of a stroke; then it waits for the end of it.
    """

    measured = Signal(object)
    """:class:`~napari_medseg.panel.measuring.to_measure.Numbers`, in the thread of the window."""

    _finished = Signal(object)

    def __init__(self, tell: Callable[[MedsegError], None], at_work: Callable[[], bool]) -> None:
        # Without a parent: Qt takes children apart before it says so, and the thread has to end first.
        super().__init__()
        self._tell = tell
        self._at_work = at_work
        self._wanted: ToMeasure | None = None
        self._worked_on: ToMeasure | None = None
        self._running: Future[None] | None = None
        self._stopped = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medseg-numbers")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self._begin)
        self._finished.connect(self._on_finished)

    @property
    def busy(self) -> bool:
        """Whether something is being measured, or about to be."""
        return self._running is not None or self._timer.isActive()

    def ask(self, what: ToMeasure | None) -> None:
        """Measure this from now on, and no longer what was asked for before; None measures nothing."""
        if self._stopped or (what is not None and what.is_same_as(self._wanted)):
            return
        self._wanted = what
        if what is None:
            self._timer.stop()
        else:
            self._timer.start()

    def stop(self) -> None:
        """End; waits for what is being measured, which takes a moment."""
        if self._stopped:
            return
        self._stopped, self._wanted = True, None
        self._timer.stop()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        if self._wanted is None or self._running is not None:
            return
        if self._at_work():
            self._timer.start()
            return
        self._worked_on = self._wanted
        self._running = self._thread.submit(self._work, self._wanted)

    def _work(self, what: ToMeasure) -> None:
        result: Numbers | Exception
        try:
            result = measured(what)
        except Exception as error:  # noqa: BLE001 - raised again in the window's thread
            result = error
        try:
            self._finished.emit(result)
        except RuntimeError:
            # The window was closed meanwhile: Qt has taken the signal apart.
            return

    def _on_finished(self, result: object) -> None:
        self._running = None
        if self._wanted is not self._worked_on:
            if self._wanted is not None:
                self._timer.start()
        elif isinstance(result, Numbers):
            self.measured.emit(result)
        elif isinstance(result, MedsegError):
            self._tell(result)
        elif isinstance(result, Exception):
            raise result
