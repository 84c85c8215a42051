"""The log of a training, for TensorBoard.

Its files are named by the step that they begin with: TensorBoard's own names hold that of the machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


class Log:
    """Scalars over steps. Use it as a context manager.

    Args:
        folder: Where it is written.
        step: The step that it begins with; what an earlier file has from there on counts no more.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboardX.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
        from tensorboardX.record_writer import RecordWriter  # type: ignore[import-untyped]

        self._event = Event
        path = folder / f"events.out.tfevents.{step:010d}.medseg"
        path.unlink(missing_ok=True)
        self._writer = RecordWriter(str(path))
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        started = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=time.time(), step=step, session_log=started))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write values of a step, by name."""
        from tensorboardX.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        self._write(self._event(wall_time=time.time(), step=step, summary=summary))
        self._writer.flush()

    def _write(self, event: object) -> None:
        self._writer.write(event.SerializeToString())  # type: ignore[attr-defined]
