"""Run a bundle in a process of its own: a window stays alive, and a cancelled run leaves nothing."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from medseg import errors
from medseg.assist.bundle.files import Bundle
from medseg.assist.bundle.guidance import Guidance
from medseg.assist.bundle.outputs import Prediction, as_prediction, remarks_on
from medseg.assist.bundle.shown import shown
from medseg.assist.bundle.trust import IMAGE
from medseg.errors import GridMismatchError, InputError, MedsegError
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume

TICK_S = 0.1
"""How often the caller is asked whether to go on, while nothing is heard of the process."""

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_KJI_TO_IJK = np.eye(4)[[2, 1, 0, 3]]


class BundleProcess:
    """A bundle in a process of its own, for one case after the other.

    It is started by the first case. Use it as a context manager: the end of the block ends the process,
    whatever it is doing.

    Args:
        bundle: What to run.
        device: ``auto`` (a CUDA device where there is one), ``cpu``, ``cuda`` or ``cuda:1`` and so on.
    """

    def __init__(self, bundle: Bundle, *, device: str = "auto") -> None:
        self._bundle = bundle
        self._device = device
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and remove what was exchanged with it."""
        self._stop()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def start(self, *, progress: Progress = silent) -> None:
        """Start the process and load the bundle into it, unless it is there.

        Args:
            progress: Asked ten times a second whether to go on.

        Raises:
            InputError: torch or monai is not installed (``no-torch``), or the bundle can't be loaded: its
                weights are not to be trusted, say.
            Cancelled: ``progress`` raised it.
        """
        if self._process is not None:
            return
        if find_spec("torch") is None or find_spec("monai") is None:
            raise InputError(
                "running a MONAI bundle needs torch and monai, which are not installed",
                hint='pip install "medseg[ai]"',
                reason="no-torch",
            )
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="medseg-predict-")
        with self._complaints.open("w") as complaints:
            # -P: the current folder, which may be that of a bundle, lends no modules to the process.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "medseg.assist.bundle.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                encoding="utf-8",
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        prepared = self._bundle.prepared
        self._ask(
            parts=prepared.parts,
            weights=str(self._bundle.weights),
            weights_sha256=self._bundle.weights_sha256,
            folder=str(self._bundle.folder),
            device=self._device,
            mixed_precision=prepared.mixed_precision,
            guidance=self._bundle.guidance and self._bundle.guidance.as_dict(),
            allow_code=self._bundle.allows_code,
            exchange=str(self._folder),
        )
        self._answer("loaded", progress)

    def predict(
        self,
        volume: Volume,
        *,
        further: Mapping[str, npt.NDArray[Any]] | None = None,
        guidance: Guidance | None = None,
        progress: Progress = silent,
    ) -> Prediction:
        """Run the bundle on one case.

        Args:
            volume: The image.
            further: More inputs ``[k, j, i]`` on its grid, by the key that the bundle reads them under.
            guidance: Clicks and the current structures, for a bundle that takes them.
            progress: Told how many windows are done; also asked ten times a second whether to go on.

        Returns:
            The structures, on the volume's grid exactly.

        Raises:
            InputError: The bundle can't be run on this; ``reason`` says why.
            GridMismatchError: A further input, or the current structures, have another shape.
            Cancelled: ``progress`` raised it; the process is ended.
        """
        inputs = self._inputs(volume, further or {})
        current = None if guidance is None else guidance.current
        if current is not None and current.shape != volume.grid.shape_kji:
            raise GridMismatchError(
                f"expected current structures of shape {volume.grid.shape_kji} (k, j, i), got {current.shape}"
            )
        self.start(progress=progress)
        with tempfile.TemporaryDirectory(dir=self._folder) as exchange:
            paths = {key: Path(exchange) / f"input-{number}.npy" for number, key in enumerate(inputs)}
            for key, array in inputs.items():
                np.save(paths[key], array, allow_pickle=False)
            if current is not None:
                np.save(Path(exchange) / "current.npy", current, allow_pickle=False)
            out = Path(exchange) / "labels.npy"
            self._ask(
                inputs={key: str(path) for key, path in paths.items()},
                ijk_to_ras_mm=ijk_to_ras_mm(volume.grid).tolist(),
                clicks=None if guidance is None else guidance.clicks_ras_mm,
                current=None if current is None else str(Path(exchange) / "current.npy"),
                out=str(out),
            )
            self._answer("labels", progress)
            labels = np.load(out, allow_pickle=False)
        prediction = as_prediction(labels, self._bundle)
        return replace(prediction, remarks=(*remarks_on(volume, self._bundle), *prediction.remarks))

    @property
    def _folder(self) -> Path:
        """What is exchanged with the process lies there."""
        assert self._scratch is not None  # noqa: S101 - it was started
        return Path(self._scratch.name)

    @property
    def _complaints(self) -> Path:
        return self._folder / "stderr.txt"

    def _inputs(self, volume: Volume, further: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        inputs: dict[str, npt.NDArray[Any]] = {IMAGE: volume.voxels}
        keys = self._bundle.prepared.inputs
        if self._bundle.image_channels > 1 and len(keys) == 1:
            raise InputError(
                f"the bundle needs {self._bundle.image_channels} images of a case, such as MR sequences",
                hint="medseg runs bundles that need one image",
                reason="input-missing",
            )
        for key in keys:
            if key in further:
                inputs[key] = further[key]
            elif key != IMAGE and key in self._bundle.optional_inputs:
                inputs[key] = np.zeros(volume.grid.shape_kji, np.uint8)
            elif key != IMAGE:
                raise InputError(
                    f"the bundle reads {key[:40]!r} besides the image, which is not there",
                    hint="medseg runs bundles that need one image",
                    reason="input-missing",
                )
        for key, array in inputs.items():
            if array.shape != volume.grid.shape_kji:
                raise GridMismatchError(
                    f"expected {key} of shape {volume.grid.shape_kji} (k, j, i), got {array.shape}"
                )
        return inputs

    def _ask(self, **question: Any) -> None:
        assert self._process is not None  # noqa: S101 - it was started
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it is gone: what it said last, or that it said nothing, comes with the answer

    def _answer(self, wanted: str, progress: Progress) -> None:
        """Wait for an answer; what comes before it is progress.

        Where no answer came, or loading failed, the process is of no more use.
        """
        try:
            answer = self._heard(wanted, progress)
        except BaseException:
            self._stop()
            raise
        if "error" in answer:
            if wanted == "loaded":
                self._stop()
            raise _error_of(answer["error"])

    def _heard(self, wanted: str, progress: Progress) -> dict[str, Any]:
        done, total = 0, 1
        while True:
            progress(f"running {self._bundle.name}", done, total)
            try:
                answer = self._answers.get(timeout=TICK_S)
            except queue.Empty:
                continue
            if answer is None:
                raise self._died()
            if wanted in answer or "error" in answer:
                return answer
            done, total = answer["done"], answer["total"]

    def _died(self) -> InputError:
        code = self._process.wait() if self._process else 0
        if code < 0:
            why = f"was ended by signal {-code}, as the system does when memory runs out"
        else:
            lines = self._complaints.read_text(errors="replace").strip().splitlines()
            why = f"ended with {code}: {shown(lines[-1], 200) if lines else 'it did not say why'}"
        return InputError(
            f"the process that ran the bundle {why}",
            hint="close other programs, or run it on a machine with more memory",
            reason="worker-died",
        )

    def _stop(self) -> None:
        process, self._process = self._process, None
        self._answers = queue.Queue()  # what an ended process still says is for nobody
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def ijk_to_ras_mm(grid: Grid) -> npt.NDArray[np.float64]:
    """The affine of a NIfTI file on a grid, 4×4: index ``(i, j, k)`` to RAS mm.

    It has the digits that such a file can hold, which are of float32. MONAI's ``Spacing`` chooses another
    lattice where an affine differs in its last digits (``compute_shape_offset``), and a network other voxels
    then: a DICOM series is to give what its NIfTI file gives.
    """
    affine: npt.NDArray[np.float64] = _LPS_TO_RAS @ grid.index_to_lps_mm @ _KJI_TO_IJK
    return affine.astype(np.float32).astype(np.float64)


def _listen(lines: IO[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    with suppress(ValueError):  # the pipe was closed, or the process was ended amid a line
        for line in lines:
            answers.put(json.loads(line))
    answers.put(None)


def _error_of(told: Mapping[str, Any]) -> MedsegError:
    kind = getattr(errors, str(told["error"]), None)
    if not (isinstance(kind, type) and issubclass(kind, MedsegError)):
        kind = InputError
    return kind(told["message"], hint=told["hint"], **told["details"])
