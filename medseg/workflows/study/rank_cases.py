"""Ask a model about the cases of a study, and remember how sure it is of each: for the order of the worklist.

It is no fact of the sign-off, so that nothing of it is in the ledger; and it is of the image and the model
alone, so that it tells nothing of what readers drew, blind or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from medseg.assist.bundle import Bundle, BundleProcess, opened_bundle
from medseg.assist.bundle.shown import shown
from medseg.assist.uncertainty import USUAL, Sampling, case_value, doubt
from medseg.errors import Cancelled, MedsegError
from medseg.progress import Progress, silent
from medseg.review.states import ORGANISERS, State
from medseg.study.records import Case, CaseUncertainty, Ranking
from medseg.study.worklist import ALL, Filter
from medseg.workflows.open_image import open_image
from medseg.workflows.study.acting import acting
from medseg.workflows.study.opened import Study, now
from medseg.workflows.study.revision_files import require_image_unchanged
from medseg.workflows.study.signing_in import SignedIn

DECIDED = frozenset({State.APPROVED, State.RELEASED, State.WITHDRAWN, State.SUPERSEDED})
"""States in which nobody is about to draw: of these cases no model is asked."""

WHAT = "rank the cases"


class RankOutcome(StrEnum):
    """What became of a case."""

    RANKED = "ranked"
    KEPT = "kept"
    """The same model was asked about the same image before."""
    REFUSED = "refused"


@dataclass(frozen=True)
class RankedCase:
    """One case.

    Attributes:
        case_id: The case.
        status: What became of it.
        value: How unsure the model is of it, 0 to 1; None where it found none of what is wanted.
        structures: The numbers of each structure, as JSON objects.
        reason: A stable word, where it was refused.
        message: Why.
        seconds: How long it took.
    """

    case_id: str
    status: RankOutcome
    value: float | None = None
    structures: tuple[dict[str, Any], ...] = ()
    reason: str | None = None
    message: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The case as a JSON object."""
        return {
            "case": self.case_id,
            "status": self.status.value,
            "value": None if self.value is None else round(self.value, 6),
            "structures": list(self.structures),
            "reason": self.reason,
            "message": self.message,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Ranked:
    """What became of all cases.

    Attributes:
        ranking: The model, and how it was asked.
        cases: One each, in the order of the worklist.
    """

    ranking: Ranking
    cases: tuple[RankedCase, ...]

    @property
    def refused(self) -> tuple[RankedCase, ...]:
        """The cases that have no value."""
        return tuple(case for case in self.cases if case.status is RankOutcome.REFUSED)

    def as_dict(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        return {
            "bundle": {
                "name": self.ranking.bundle_name,
                "version": self.ranking.bundle_version,
                "sha256": self.ranking.bundle_sha256,
            },
            "samples": self.ranking.samples,
            "seed": self.ranking.seed,
            "mirrored": self.ranking.mirrored,
            "cases": [case.as_dict() for case in self.cases],
        }


def rank_cases(
    study: Study,
    who: SignedIn,
    bundle: Path | str,
    *,
    filter: Filter = ALL,  # noqa: A002 - what users call it
    sampling: Sampling = USUAL,
    device: str = "auto",
    allow_code: bool = False,
    progress: Progress = silent,
    watch: Callable[[RankedCase], None] = lambda _: None,
) -> Ranked:
    """Ask a bundle about every case that is not decided yet, and remember how unsure it is of each.

    A case that can't be asked about is refused, and the others go on. Where the work was stopped, the same
    call goes on from there: what this bundle thinks of this image is kept. From then on the worklist shows
    the values of this bundle; those of others stay, and come back when it is asked again.

    Args:
        study: The study.
        who: A coordinator, QA or radiologist: the order is everybody's.
        bundle: A folder, or a zip of one; see ``docs/predict.md`` for which are trusted.
        filter: Which of the cases.
        sampling: How each case is asked about.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        allow_code: Whether a bundle that brings code of its own is run all the same.
        progress: Told of each sample; a :class:`~medseg.errors.Cancelled` that it raises ends the process
            that runs the bundle.
        watch: Told of each case when it is done.

    Raises:
        InputError: The bundle can't be run, or is not to be trusted: no case is asked about.
        TransitionError: The role of who asks does not allow that.
        ReviewError: Who asks is not, or no longer, on the roster.
        Cancelled: ``progress`` raised it; the values that were found stay.
    """
    with opened_bundle(bundle, allow_code=allow_code) as opened:
        ranking = _begun(study, who, opened, sampling)
        with BundleProcess(opened, device=device) as process:
            run = _Run(study, who, ranking, sampling, opened.modality, process)
            with study.store.reading() as r:
                cases = [row.case for row in r.worklist(filter) if row.case.state not in DECIDED]
            found = []
            for case in cases:
                found.append(run.one(case, progress))
                watch(found[-1])
    return Ranked(ranking, tuple(found))


def _begun(study: Study, who: SignedIn, bundle: Bundle, sampling: Sampling) -> Ranking:
    with acting(study, who, None, WHAT) as act:
        act.require_role(ORGANISERS, WHAT)
        return act.t.put_ranking(
            Ranking(
                number=0,
                bundle_sha256=bundle.bundle_sha256,
                bundle_name=shown(bundle.name),
                bundle_version=shown(bundle.version),
                samples=sampling.samples,
                seed=sampling.seed,
                mirrored=sampling.mirror,
            )
        )


@dataclass(frozen=True)
class _Run:
    """One run over the cases."""

    study: Study
    who: SignedIn
    ranking: Ranking
    sampling: Sampling
    modality: str
    process: BundleProcess

    def one(self, case: Case, progress: Progress) -> RankedCase:
        started_s = time.monotonic()
        with self.study.store.reading() as r:
            known = r.uncertainty(self.ranking, case)
        if known is not None:
            return RankedCase(case.id, RankOutcome.KEPT, known.value, known.structures)
        self.process.start(progress=progress)  # a bundle that can't be loaded is no fault of the case
        try:
            found = self._asked(case, progress)
        except Cancelled:
            raise
        except MedsegError as error:
            reason = str(error.details.get("reason", type(error).__name__))
            return RankedCase(case.id, RankOutcome.REFUSED, reason=reason, message=error.message)
        # Who asks may have left the roster meanwhile: that is refused for all the cases.
        with acting(self.study, self.who, case.id, WHAT) as act:
            act.t.put_uncertainty(found)
        seconds = time.monotonic() - started_s
        return RankedCase(case.id, RankOutcome.RANKED, found.value, found.structures, seconds=seconds)

    def _asked(self, case: Case, progress: Progress) -> CaseUncertainty:
        require_image_unchanged(self.study.folder, case)
        volume = open_image(self.study.folder.absolute(case.image), progress=progress)
        found = doubt(
            self.process.predict,
            volume,
            sampling=self.sampling,
            modality=self.modality,
            progress=progress,
        )
        return CaseUncertainty(
            ranking=self.ranking.number,
            case_id=case.id,
            image_sha256=case.image_sha256,
            value=case_value(found.structures, case.structures),
            structures=tuple(one.as_dict() for one in found.structures),
            estimated=now(),
        )
