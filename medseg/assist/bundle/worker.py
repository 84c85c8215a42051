"""The process that runs a bundle: ``python -m medseg.assist.bundle.worker``.

It reads one JSON object a line from its standard input, the bundle first, then a case each, and answers on
its standard output, which nothing else may print to. It ends when its input does: when its parent is gone.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from medseg.assist.bundle.shown import shown
from medseg.errors import InputError, MedsegError

if TYPE_CHECKING:
    import torch

    from medseg.assist.bundle.inference import LoadedBundle

TELL_S = 0.05
"""Progress is told at most this often."""

Message = dict[str, Any]


def main() -> None:
    """Answer until there are no more questions."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal: the parent ends this
    answers = _private_output()
    questions: queue.Queue[Message] = queue.Queue()
    threading.Thread(target=_listen, args=(questions,), daemon=True).start()
    try:
        bundle = _load(questions.get())
    except Exception as error:  # noqa: BLE001 - whatever a bundle does wrong is told to who ran it
        _tell(answers, {"error": _as_medseg_error(error).as_dict()})
        return
    _tell(answers, {"loaded": True})
    while True:
        question = questions.get()
        try:
            _predict(bundle, question, answers)
        except Exception as error:  # noqa: BLE001 - likewise; the next case may be another
            _tell(answers, {"error": _as_medseg_error(error).as_dict()})


def _private_output() -> IO[str]:
    """The standard output for answers alone: what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _listen(questions: queue.Queue[Message]) -> None:
    for line in sys.stdin:
        questions.put(json.loads(line))
    os._exit(0)


def _tell(answers: IO[str], message: Message) -> None:
    answers.write(json.dumps(message, default=str) + "\n")
    answers.flush()


def _load(question: Message) -> LoadedBundle:
    from medseg.assist.bundle.fence import raise_fence
    from medseg.assist.bundle.guidance import GuidanceForm
    from medseg.assist.bundle.inference import LoadedBundle  # with torch and MONAI, which may do as they like

    if not question["allow_code"]:
        raise_fence(Path(question["exchange"]))
    return LoadedBundle(
        question["parts"],
        Path(question["weights"]),
        weights_sha256=question["weights_sha256"],
        device=device_for(question["device"]),
        mixed_precision=question["mixed_precision"],
        folder=Path(question["folder"]),
        guidance=None if question["guidance"] is None else GuidanceForm(**question["guidance"]),
        allow_code=question["allow_code"],
    )


def device_for(wanted: str) -> torch.device:
    """The device of a name.

    Args:
        wanted: ``auto``, ``cpu``, ``cuda``, or ``cuda:1`` and so on.

    Raises:
        InputError: There is no CUDA device (``no-gpu``), or none of this kind (``no-such-device``).
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if wanted == "auto":
        return torch.device("cuda" if has_gpu else "cpu")
    kind, _, number = wanted.partition(":")
    if kind not in ("cpu", "cuda") or not (number or "0").isdigit():
        raise InputError(
            f"expected the device auto, cpu, cuda or cuda:1, got {wanted[:40]!r}", reason="no-such-device"
        )
    if kind == "cuda" and not has_gpu:
        raise InputError(
            "there is no CUDA device here, or torch was built without CUDA",
            hint="use --device cpu, or auto",
            reason="no-gpu",
        )
    return torch.device(wanted)


def _predict(bundle: LoadedBundle, question: Message, answers: IO[str]) -> None:
    import numpy as np

    from medseg.assist.bundle.guidance import Guidance

    told_s = 0.0

    def windows(done: int, total: int) -> None:
        nonlocal told_s
        now = time.monotonic()
        if now - told_s >= TELL_S or done == total:
            told_s = now
            _tell(answers, {"done": done, "total": total})

    inputs = {
        key: np.load(path, mmap_mode="r", allow_pickle=False) for key, path in question["inputs"].items()
    }
    guidance = None
    if question["clicks"] is not None:
        current = question["current"]
        guidance = Guidance(
            question["clicks"], None if current is None else np.load(current, allow_pickle=False)
        )
    labels = bundle.predict(inputs, np.array(question["ijk_to_ras_mm"]), windows, guidance)
    np.save(question["out"], labels, allow_pickle=False)
    _tell(answers, {"labels": question["out"]})


def _as_medseg_error(error: BaseException) -> MedsegError:
    """The first of a chain of causes that is one of ours, or one line of what went wrong."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MedsegError):
            return cause
        if type(cause).__name__ == "ForbiddenActionError":
            return InputError(
                f"{cause}; it was stopped",
                hint="allow its code only if you trust who made the bundle",
                reason="forbidden-action",
            )
        cause = cause.__cause__ or cause.__context__
    return _failed(_innermost(error))


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, MemoryError):
        return "memory ran out"
    return f"{type(error).__name__}: {shown(error, 200)}"


def _failed(why: str) -> InputError:
    return InputError(
        f"the bundle failed: {why}",
        hint="run it on an image of the kind that it was made for; see its documentation",
        reason="bundle-failed",
    )


if __name__ == "__main__":
    main()
