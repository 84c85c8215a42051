"""A MONAI bundle as a segmenter, beside the classical ones."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from medseg.assist.bundle.files import Bundle
from medseg.assist.bundle.outputs import Prediction, announced
from medseg.assist.bundle.process import BundleProcess
from medseg.assist.segmenter import Hint, Method, Parameter, Proposal, Task, Value
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
            task: The structures and the region; hints are not used.
            progress: Told how many windows are done.

        Raises:
            AssistError: The bundle does not find what is asked for; reason ``no-structure``.
            InputError: The bundle can't be run; see
                :meth:`~medseg.assist.bundle.process.BundleProcess.predict`.
            Cancelled: ``progress`` raised it.
        """
        if self.structures:
            self._found_under(task.structure_ids, self.structures)  # before it runs for minutes
        prediction = self._process.predict(task.volume, progress=progress)
        found = self._found_under(task.structure_ids, prediction.structures)
        return Proposal(
            {asked: prediction.masks[name][task.region].copy() for asked, name in found.items()},
            task.region,
            self._method(),
            _remarks(found, prediction),
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

    def _method(self) -> Method:
        parameters: dict[str, Value] = {
            "bundle_sha256": self._bundle.bundle_sha256,
            "code_allowed": self._bundle.allows_code,
        }
        return Method(self.name, self.version, parameters, self._bundle.weights_sha256)


def _remarks(found: dict[str, str], prediction: Prediction) -> tuple[str, ...]:
    names = {structure.id: structure.name for structure in prediction.structures}
    renamed = [f"The bundle calls it {names[own]}." for asked, own in found.items() if asked != own]
    return (*prediction.remarks, *renamed)
