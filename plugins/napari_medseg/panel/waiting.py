"""Wait for long work without freezing the window, where the caller must have the result at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QProgressDialog, QWidget

from medseg.errors import Cancelled
from medseg.progress import Progress

T = TypeVar("T")

_SHOW_AFTER_MS = 400
"""What is done sooner shows no window, which would only flash."""

_LOOK_MS = 30


def wait_for(task: str, work: Callable[[Progress], T], parent: QWidget) -> T:
    """Do work in a thread; a small window shows how far it is and offers to cancel.

    Args:
        task: What to call it.
        work: Called in the thread with a progress callback.
        parent: The main window, which takes no clicks meanwhile.

    Raises:
        Cancelled: The user stopped it.
        MedsegError: Whatever the work raises.
    """
    stop = threading.Event()
    latest = [(task, 0, 0)]

    def progress(task: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Cancelled(f"{task}: cancelled")
        latest[0] = task, done, total

    dialog = QProgressDialog(task, "Cancel", 0, 0, parent)
    dialog.setWindowTitle("medseg")
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setAutoClose(False)
    dialog.setAutoReset(False)
    dialog.setMinimumDuration(_SHOW_AFTER_MS)
    loop = QEventLoop()
    timer = QTimer()

    def look() -> None:
        if future.done():
            loop.quit()
        if dialog.wasCanceled():
            stop.set()
            return
        task, done, total = latest[0]
        dialog.setLabelText(task)
        dialog.setMaximum(total)
        dialog.setValue(done)

    with ThreadPoolExecutor(1, thread_name_prefix="medseg-reading") as thread:
        future = thread.submit(work, progress)
        timer.timeout.connect(look)
        timer.start(_LOOK_MS)
        loop.exec()
    timer.stop()
    # An error holds this frame; held by the timer in turn, the window would never be let go.
    timer.timeout.disconnect(look)
    dialog.close()
    dialog.deleteLater()
    return future.result()
