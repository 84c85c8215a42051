"""Run a filter of SimpleITK so that it can be stopped while it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.progress import Progress


def executed(filtered: Any, title: str, progress: Progress, *images: Any) -> npt.NDArray[Any]:
    """What a filter makes of images, as an array ``[k, j, i]``.

    Args:
        filtered: The filter, with its settings.
        title: What is reported as the task.
        progress: Called while it runs; what it raises stops the filter and is passed on.
        images: What it is given.
    """
    import SimpleITK

    raised: list[BaseException] = []

    def report() -> None:
        if raised:
            return
        try:
            progress(title, round(100 * filtered.GetProgress()), 100)
        except BaseException as stop:  # noqa: BLE001 - nothing may pass through ITK's own loop
            raised.append(stop)
            filtered.Abort()

    for event in (SimpleITK.sitkProgressEvent, SimpleITK.sitkIterationEvent):
        filtered.AddCommand(event, report)
    try:
        made = filtered.Execute(*images)
    except RuntimeError:
        if raised:
            raise raised[0] from None
        raise
    finally:
        filtered.RemoveAllCommands()
    if raised:
        raise raised[0]
    return np.array(SimpleITK.GetArrayViewFromImage(made))
