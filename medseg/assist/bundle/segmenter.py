"""A MONAI bundle as a segmenter, beside the classical ones."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from medseg.assist.bundle.files import Bundle
from medseg.assist.bundle.guidance import Guidance
from medseg.assist.bundle.outputs import Prediction, announced
from medseg.assist.bundle.process import BundleProcess
from medseg.assist.segmenter import (
    BACKGROUND,
    Hint,
    Hints,
    Method,
    Parameter,
    PointLps,
    Proposal,
    Task,
    Value,
)
from medseg.errors import AssistError
from medseg.labelmap import Structure, structure_id_for
from medseg.progress import Progress, silent


class BundleSegmenter:
    """Proposes what a bundle finds. Its process stays for the next proposal, until the block ends.

    Args:
        bundle: What to run.
        device: As of :class:`~medseg.assist.bundle.process.BundleProcess`.
    """

    needs: frozenset[Hint] = frozenset()
    parameters: Sequence[Parameter] = ()

    def __init__(self, bundle: Bundle, *, device: str = "auto") -> None:
        self.name = f"bundle:{structure_id_for(bundle.name, set())}"
        self.title = bundle.name
        self.version = bundle.version
        self._bundle = bundle
        self._process = BundleProcess(bundle, device=device)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    @property
    def structures(self) -> tuple[Structure, ...]:
        """What it can propose, as its metadata say."""
        return announced(self._bundle)

    def propose(self, task: Task, *, progress: Progress = silent) -> Proposal:
        """Run the bundle on the whole volume, and propose what lies in the region.

        Structures are known by their ids; where the bundle finds one thing and one is asked for, it is that.

        Args:
            task: The structures and the region. Clicks and the rough delineation go to a bundle that was
                trained with them (``medseg train --deepedit``); others use no hints.
            progress: Told how many windows are done.

        Raises:
            AssistError: The bundle does not find what is asked for; reason ``no-structure``.
            InputError: The bundle can't be run; see
                :meth:`~medseg.assist.bundle.process.BundleProcess.predict`.
            Cancelled: ``progress`` raised it.
        """
        guidance = None
        if self.structures:
            names = self._found_under(task.structure_ids, self.structures)  # before it runs for minutes
            guidance = self._guidance(task, names)
        prediction = self._process.predict(task.volume, guidance=guidance, progress=progress)
        found = self._found_under(task.structure_ids, prediction.structures)
        return Proposal(
            {asked: prediction.masks[name][task.region].copy() for asked, name in found.items()},
            task.region,
            self._method(),
            (*_remarks(found, prediction), *self._remarks_on_hints(task.hints)),
        )

    def _found_under(self, asked: Sequence[str], structures: Sequence[Structure]) -> dict[str, str]:
        """The bundle's own id of each structure that is asked for."""
        known = [structure.id for structure in structures]
        if len(asked) == len(known) == 1:
            return {asked[0]: known[0]}
        missing = [structure_id for structure_id in asked if structure_id not in known]
        if missing:
            raise AssistError(
                f"{self.title} does not find {missing[0]!r}",
                hint=f"it finds {', '.join(known) or 'nothing'}",
                reason="no-structure",
            )
        return {structure_id: structure_id for structure_id in asked}

    @property
    def takes_clicks(self) -> bool:
        """Whether clicks and a rough delineation change what it proposes."""
        return self._bundle.guidance is not None

    def _guidance(self, task: Task, own_ids: dict[str, str]) -> Guidance | None:
        """The hints of a task, as the bundle takes them: of the structures that are asked for."""
        form, hints = self._bundle.guidance, task.hints
        if form is None or not (hints.points or hints.rough):
            return None
        labels = {structure.id: structure.label for structure in self.structures}
        clicks: list[list[list[float]]] = [[] for _ in range(1 + max(form.structures, *labels.values()))]
        current = np.zeros(task.volume.grid.shape_kji, np.uint8)
        clicks[0] = [_as_ras(place) for place in hints.points_of(BACKGROUND)]
        for asked, own in own_ids.items():
            clicks[labels[own]] = [_as_ras(place) for place in hints.points_of(asked)]
            if asked in hints.rough:
                current[task.region][hints.rough[asked]] = labels[own]
        return Guidance(clicks, current if hints.rough else None)

    def _remarks_on_hints(self, hints: Hints) -> tuple[str, ...]:
        if self.takes_clicks or not (hints.points or hints.rough):
            return ()
        return ("The bundle takes no clicks: it proposes the same without them.",)

    def _method(self) -> Method:
        parameters: dict[str, Value] = {
            "bundle_sha256": self._bundle.bundle_sha256,
            "code_allowed": self._bundle.allows_code,
        }
        return Method(self.name, self.version, parameters, self._bundle.weights_sha256)


def _as_ras(place: PointLps) -> list[float]:
    x, y, z = place
    return [-x, -y, z]


def _remarks(found: dict[str, str], prediction: Prediction) -> tuple[str, ...]:
    names = {structure.id: structure.name for structure in prediction.structures}
    renamed = [f"The bundle calls it {names[own]}." for asked, own in found.items() if asked != own]
    return (*prediction.remarks, *renamed)
