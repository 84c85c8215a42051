"""Small pictures of volumes, made one after another beside the window."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

from medseg.errors import MedsegError
from medseg.workflows.list_volumes import ListedVolume, read_middle_slice
from napari_medseg.slice_picture import SlicePicture, slice_picture

_LOOK_MS = 30
"""How often finished pictures are collected: often enough that nobody sees the steps."""


class Thumbnails(QObject):
    """Draws the middle slices of volumes in a thread of its own.

    Finished pictures are collected by a timer, so that the thread never touches Qt.

    Args:
        parent: The dialog that shows them.
    """

    made = Signal(object, int, object)
    """A volume, the index in its series, and its picture or the error that prevents it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="medseg-thumbnails")
        self._asked: dict[Future[SlicePicture | MedsegError], tuple[ListedVolume, int]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._collect)

    @property
    def waiting(self) -> bool:
        """Whether pictures are still to come."""
        return bool(self._asked)

    def ask(self, listed: ListedVolume, time_index: int) -> None:
        """Have a picture made; an older request for the same series that has not begun is dropped."""
        for future, (other, _) in list(self._asked.items()):
            if other is listed and future.cancel():
                del self._asked[future]
        self._asked[self._thread.submit(_draw, listed, time_index)] = listed, time_index
        self._timer.start()

    def close(self) -> None:
        """Make no more pictures; the slice that is being read is the last."""
        self._timer.stop()
        self._asked.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _collect(self) -> None:
        for future in [future for future in self._asked if future.done()]:
            self.made.emit(*self._asked.pop(future), future.result())
        if not self._asked:
            self._timer.stop()


def _draw(listed: ListedVolume, time_index: int) -> SlicePicture | MedsegError:
    try:
        return slice_picture(read_middle_slice(listed, time_index))
    except MedsegError as error:
        return error
