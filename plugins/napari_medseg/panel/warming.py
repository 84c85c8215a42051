"""Make the engine ready while the reader opens and draws."""

from __future__ import annotations

import logging
import threading

from medseg.errors import Cancelled
from medseg.workflows.warm_up import warm_up

_log = logging.getLogger(__name__)


class EngineWarmUp:
    """Compiles and loads the engine's loops in a thread.

    Python waits for the thread when it ends: compiling can't be interrupted, and to end in the middle of it
    would crash. :meth:`stop` keeps that short.

    Attributes:
        thread: The thread, once it was started.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        if not self._stop.is_set():
            self.thread = threading.Thread(target=self._run, name="medseg-warm-up")
            self.thread.start()

    def stop(self) -> None:
        """End at the next step."""
        self._stop.set()

    def _run(self) -> None:
        try:
            warm_up(self._progress)
        except Cancelled:
            pass
        except Exception:  # noqa: BLE001 - nothing was asked for; when it is, the reader is told
            _log.debug("the engine could not be made ready", exc_info=True)

    def _progress(self, task: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Cancelled(f"{task}: cancelled at {done} of {total}")
