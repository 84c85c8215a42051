"""Long work beside the window: one task at a time, with progress and cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from medseg.errors import Cancelled, MedsegError
from medseg.progress import Progress
from napari_medseg.later import later


class Background(QWidget):
    """Runs a function in a thread and shows how far it is; hidden while nothing runs."""

    busy_changed = Signal(bool)
    _progressed = Signal(str, int, int)

    def __init__(self, tell: Callable[[MedsegError], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tell = tell
        self._stop = threading.Event()
        self._worker: Any = None
        self._finished_workers: list[Any] = []
        self._done: Callable[[Any], None] = _nothing
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(True)
        self._bar.setMinimumHeight(22)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setToolTip("Stop; nothing is changed")
        self._cancel.clicked.connect(self.cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._bar, 1)
        layout.addWidget(self._cancel)
        self._progressed.connect(self._show_progress)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._worker is not None

    def run(self, task: str, work: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        """Start work.

        Args:
            task: What to call it.
            work: Called in the thread with a progress callback.
            done: Called in the window's thread with what ``work`` returned.
        """
        if self.busy:
            self._tell(MedsegError("something is still running", hint="wait for it, or cancel it"))
            return
        self._stop.clear()
        self._show_progress(task, 0, 0)
        self.show()
        stop = self._stop

        def progress(task: str, done: int, total: int) -> None:
            if stop.is_set():
                raise Cancelled(f"{task}: cancelled")
            self._progressed.emit(task, done, total)

        def attempt() -> Any:
            # napari 0.9.2 can't report a worker's error: its own slot has one argument too few.
            try:
                return work(progress)
            except Exception as error:  # noqa: BLE001 - raised again in the window's thread
                return _Failure(error)

        self._done = done
        self._worker = create_worker(attempt, _connect={"returned": self._on_returned}, _start_thread=True)
        self.busy_changed.emit(True)  # noqa: FBT003 - Qt's signature

    def cancel(self) -> None:
        """Stop at the next step."""
        self._stop.set()

    def _on_returned(self, result: Any) -> None:
        done = self._end()
        try:
            if isinstance(result, _Failure):
                raise result.error
            done(result)
        except MedsegError as error:
            self._tell(error)

    def _end(self) -> Callable[[Any], None]:
        done, self._done = self._done, _nothing
        # The worker is inside its own signal here; taken apart now, Qt would never let go of its slots.
        self._finished_workers.append(self._worker)
        self._worker = None
        later(self._drop_finished)
        self.hide()
        self.busy_changed.emit(False)  # noqa: FBT003
        return done

    def _drop_finished(self) -> None:
        self._finished_workers.clear()

    def _show_progress(self, task: str, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setFormat(f"{task} %v/%m" if total else task)


@dataclass(frozen=True)
class _Failure:
    error: Exception


def _nothing(_result: Any) -> None:
    pass
