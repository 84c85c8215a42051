"""The folder of a bundle while it is trained: its plan, the last checkpoint and the log.

::

    training/plan.json       what is trained
    training/checkpoint.pt   where it stands; removed with the last step
    training/events.out.*    the log, for TensorBoard
    training/bundle/         the bundle while it is written; its parts move up when all are whole
    configs/, docs/, models/ the bundle
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg.errors import LockedError, OutputError, OutputExistsError
from medseg.io.atomic import sync_folder
from medseg.io.datalist import read_json, write_json
from medseg.io.file_lock import exclusive

PARTS = ("models", "docs", "configs")
"""Of a bundle, in the order in which they appear: without its configs it is none yet."""


@dataclass(frozen=True)
class TrainingFolder:
    """A bundle that is being trained.

    Attributes:
        path: The folder of the bundle.
    """

    path: Path

    @property
    def log(self) -> Path:
        """Where the log lies."""
        return self.path / "training"

    @property
    def plan(self) -> Path:
        """What is trained."""
        return self.log / "plan.json"

    @property
    def checkpoint(self) -> Path:
        """Where it stands."""
        return self.log / "checkpoint.pt"

    @property
    def is_finished(self) -> bool:
        """Whether the bundle is there."""
        return (self.path / "configs").exists()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and keep other trainings out of it.

        Raises:
            LockedError: Another one is at work in it; reason ``training-in-progress``.
            OutputError: It can't be made.
        """
        try:
            self.log.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"could not make the folder {self.path.name}: {error.strerror or error}",
                hint="check the path and its permissions",
            ) from error
        with ExitStack() as stack:
            # Of a training that never began, nothing stays; the lock lies in the folder until it is let go.
            stack.callback(_remove_empty, self.path)
            try:
                stack.enter_context(exclusive(self.log, wait_s=0))
            except LockedError as error:
                raise LockedError(
                    f"{self.path.name} is being trained by another process at this moment",
                    hint="wait until it has ended, or name another folder",
                    reason="training-in-progress",
                ) from error
            stack.callback(_remove_empty, self.log)
            yield

    def require_new(self) -> None:
        """Refuse a folder in which there is something already.

        Raises:
            OutputExistsError: There is; reason ``output-exists``.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise OutputExistsError(
                f"{self.path.name} exists already and is not an empty folder",
                hint="--resume goes on with a training that was stopped; else name another folder",
                reason="output-exists",
                path=str(self.path),
            )

    def require_unfinished(self) -> None:
        """Refuse a folder whose bundle is there already.

        Raises:
            OutputExistsError: It is; reason ``trained-already``.
        """
        if self.is_finished:
            raise OutputExistsError(
                f"{self.path.name} is trained to its end",
                hint="name another folder to train anew",
                reason="trained-already",
                path=str(self.path),
            )

    def earlier_plan(self) -> dict[str, Any] | None:
        """The plan that an earlier call has begun with; None where there is none.

        Raises:
            UnreadableFileError: It is damaged.
        """
        return read_json(self.plan) if self.plan.exists() else None

    def write_plan(self, plan: dict[str, Any]) -> None:
        """Write down what is trained."""
        write_json(self.plan, plan)

    @contextmanager
    def finishing(self) -> Iterator[Path]:
        """Give a folder for the bundle, whose parts are the bundle's when the block ends well."""
        made = self.log / "bundle"
        try:
            shutil.rmtree(made, ignore_errors=True)
            for part in PARTS:
                (made / part).mkdir(parents=True)
                if part != PARTS[-1]:
                    # Left by a call that was killed between two parts.
                    shutil.rmtree(self.path / part, ignore_errors=True)
            yield made
            for part in PARTS:
                (made / part).rename(self.path / part)
            sync_folder(self.path)
            self.checkpoint.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"could not write the bundle {self.path.name}: {error.strerror or error}",
                hint="check the folder and the free space; --resume goes on",
            ) from error
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
