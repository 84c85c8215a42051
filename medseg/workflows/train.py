"""Approved cases → a MONAI bundle that proposes what their readers drew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.errors import InputError, ReviewError
from medseg.io.training_folder import TrainingFolder
from medseg.progress import Progress, silent
from medseg.workflows.training_run import Report, Trained, Training, TrainOptions
from medseg.workflows.training_set import read_training_set

if TYPE_CHECKING:
    from medseg.workflows.study.opened import Study
    from medseg.workflows.study.signing_in import SignedIn

__all__ = ["Report", "TrainOptions", "Trained", "train"]

NEEDED = ("torch", "monai", "tensorboardX")


def train(
    source: Path | str | Study,
    out: Path | str,
    *,
    who: SignedIn | None = None,
    trust: Path | str | None = None,
    resume: bool = False,
    structures: Sequence[str] = (),
    held_out: float | None = None,
    minutes: float | None = None,
    epochs: int | None = None,
    network: str = "auto",
    deepedit: bool = False,
    seed: int = 0,
    device: str = "auto",
    modality: str = "",
    name: str = "",
    progress: Progress = silent,
    watch: Callable[[Report], None] = lambda _: None,
) -> Trained:
    """Train a network on approved cases, and write it as a MONAI bundle with its model card.

    Every case is verified before it is learned from: image, label map, statements, roster. Where a training
    was stopped, the same call with ``resume`` goes on from its last checkpoint, on a CPU to the same bits.

    Args:
        source: A study, or the folder of a training set that ``medseg export dataset`` wrote.
        out: The bundle, a new folder.
        who: Who exports, where the source is a study: the cases leave it as by ``medseg export dataset``.
        trust: The trust folder to verify by; by default that of the study, or of the training set.
        resume: Whether to go on with what is in ``out``.
        structures: Names of what is learned; by default all that every case has.
        held_out: How many cases are only measured on; below 1, which share of them. By default those for
            validation, or a fifth.
        minutes: About how long it may train, by the clock of a machine that does nothing else; by default an
            hour.
        epochs: How often each case is seen, instead.
        network: ``segresnet``, ``dynunet``, or ``auto`` for what suits the data.
        deepedit: Whether the network takes clicks and the current structures, too.
        seed: Of all that is random.
        device: ``auto`` (a CUDA device where there is one), ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        modality: What the images are, such as ``CT``; by default as the source says.
        name: What the bundle is called; by default as its folder.
        progress: Called before each step; a :class:`~medseg.errors.Cancelled` that it raises leaves a
            checkpoint to go on from.
        watch: Told now and then how it stands.

    Raises:
        InputError: There is nothing to learn from; ``reason`` says why.
        ReviewError: A case does not verify; reason ``attestation``.
        OutputExistsError: There is something in ``out`` (``output-exists``), or it is finished
            (``trained-already``).
        LockedError: Another process trains in it; reason ``training-in-progress``.
        OutputError: It can't be written.
        Cancelled: ``progress`` raised it.
    """
    options = TrainOptions(
        tuple(structures), held_out, minutes, epochs, network, deepedit, seed, device, modality, name
    )
    _require_packages()
    folder = TrainingFolder(Path(out))
    folder.require_unfinished()
    if not resume:
        folder.require_new()
    with _dataset(source, who, options, progress) as dataset:
        verified_by = Path(trust) if trust is not None else _trust_of(source)
        found = read_training_set(
            dataset,
            trust=verified_by,
            structures=options.structures,
            modality=options.modality,
            progress=progress,
        )
        with folder.held(), tempfile.TemporaryDirectory(prefix="medseg-train-") as scratch:
            folder.require_unfinished()
            return Training(found, folder, options, progress, watch).run(Path(scratch))


def _require_packages() -> None:
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        raise InputError(
            f"training needs {', '.join(missing)}, which is not installed",
            hint='pip install "medseg[ai]"',
            reason="no-torch",
        )


@contextmanager
def _dataset(
    source: Path | str | Study, who: SignedIn | None, options: TrainOptions, progress: Progress
) -> Iterator[Path]:
    """The folder of a training set; a study's approved cases are exported for as long as the block lasts."""
    if isinstance(source, Path | str):
        yield Path(source)
        return
    from medseg.workflows.study.export_dataset import export_dataset

    if who is None:
        raise TypeError("who exports the cases of a study has to be said: who")
    with tempfile.TemporaryDirectory(prefix="medseg-train-") as scratch:
        dataset = export_dataset(
            source,
            who,
            Path(scratch) / "dataset",
            structures=options.structures,
            modality=options.modality,
            progress=progress,
        )
        damaged = [case for case in dataset.left_out if case.reason in ("damaged", "signature")]
        if damaged:
            raise ReviewError(
                f"{damaged[0].case} can't be learned from: {damaged[0].message}",
                hint="`medseg study check` tells what is wrong; nothing is learned that does not verify",
                reason="attestation",
                case=damaged[0].case,
            )
        yield dataset.folder


def _trust_of(source: Path | str | Study) -> Path | None:
    return None if isinstance(source, Path | str) else source.folder.trust
