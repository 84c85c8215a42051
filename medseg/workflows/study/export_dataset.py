"""Export a training set: only what is approved leaves, with its attestations, and what stays is listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg.errors import ConflictError, StudyError
from medseg.io.atomic_folder import whole_folder
from medseg.io.datalist import (
    LEFT_OUT_NAME,
    LEFT_OUT_SCHEMA,
    DatasetFiles,
    split_of,
    write_datalist,
    write_json,
)
from medseg.io.trust_copy import copy_trust
from medseg.io.trust_folder import read_trust_and_checkpoints
from medseg.labelmap.relabelling import LabelTable, name_key
from medseg.progress import Progress, silent
from medseg.review.states import ORGANISERS
from medseg.study.ledger import LedgerAction
from medseg.study.reading import Reader
from medseg.study.records import Case
from medseg.study.worklist import ALL, Filter
from medseg.workflows.study.acting import acting
from medseg.workflows.study.dataset_case import Candidate, SignedCase, copy_signed
from medseg.workflows.study.dataset_labels import DatasetCase, Missing, write_case
from medseg.workflows.study.dataset_left_out import LeftOut, nothing_to_export
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn

UNKNOWN_MODALITY = "unknown"

WHAT = "export a dataset"


@dataclass(frozen=True)
class Dataset:
    """A training set that was written.

    Attributes:
        folder: Where.
        labels: The label of each structure's name.
        cases: What is in it, by id.
        left_out: What is not, and why.
        sha256: Digest of ``dataset.json``.
    """

    folder: Path
    labels: dict[str, int]
    cases: tuple[DatasetCase, ...]
    left_out: tuple[LeftOut, ...]
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The training set as a JSON object."""
        return {
            "folder": str(self.folder),
            "dataset_sha256": self.sha256,
            "labels": self.labels,
            "cases": [case.as_dict() for case in self.cases],
            "left_out": [case.as_dict() for case in self.left_out],
        }


@dataclass(frozen=True)
class DatasetOptions:
    """How a training set is made; see :func:`export_dataset`."""

    name: str
    description: str
    released_only: bool
    structures: tuple[str, ...]
    missing: Missing
    validation_fraction: float
    test_fraction: float
    modality: str

    def __post_init__(self) -> None:
        fractions = (self.validation_fraction, self.test_fraction)
        if min(fractions) < 0 or not sum(fractions) < 1:
            raise StudyError(
                f"expected shares for validation and test from 0 that leave something to train on, got "
                f"{self.validation_fraction:g} and {self.test_fraction:g}",
                reason="fraction",
            )


def export_dataset(
    study: Study,
    who: SignedIn,
    out: Path | str,
    *,
    name: str = "medseg",
    description: str = "",
    released_only: bool = False,
    wanted: Filter = ALL,
    structures: Sequence[str] = (),
    missing: Missing | str = Missing.LEAVE_OUT,
    validation_fraction: float = 0.0,
    test_fraction: float = 0.0,
    modality: str = "",
    progress: Progress = silent,
) -> Dataset:
    """Write the revisions that are in force as a training set for MONAI.

    Every case is copied first, and the copy is verified with the copied trust folder: files and signatures
    that do not verify at this moment do not leave. The labels to train on are derived, since cases number
    their structures differently; what was signed lies beside them unchanged.

    Args:
        study: The study.
        who: Who exports: a coordinator, QA or radiologist.
        out: A folder that does not exist yet, or an empty one; it is written whole or not at all.
        name: What the set is called.
        description: What it is.
        released_only: Whether an approval without a release is not enough.
        wanted: Which cases.
        structures: Names of the structures, in the order of their labels; by default those that the exported
            cases were asked for, or all that occur where none was asked for any, in alphabetical order.
        missing: What becomes of a case that lacks one of them without having been asked for it.
        validation_fraction: About which share of the cases is for validation, by a hash of their ids.
        test_fraction: About which share is for the test; likewise.
        modality: What the images are; by default as their DICOM series said.
        progress: Called before each case, twice.

    Raises:
        TransitionError: The role of who exports does not allow that.
        StudyError: Nothing can be exported (reason ``nothing-to-export``, ``left_out`` in the details), or
            the shares are none (``fraction``).
        LabelMapError: A structure is named twice.
        ConflictError: A case was withdrawn or amended meanwhile.
        OutputExistsError: There is something in the folder.
        OutputError: It can't be written; nothing is left behind.
    """
    options = DatasetOptions(
        name,
        description,
        released_only,
        tuple(structures),
        Missing(missing),
        validation_fraction,
        test_fraction,
        modality,
    )
    with acting(study, who, None, WHAT) as act:
        act.require_role(ORGANISERS, WHAT)
    with study.store.reading() as r:
        candidates = [_candidate(r, row.case) for row in r.worklist(wanted)]
    candidates.sort(key=lambda candidate: candidate.case.id)
    out = Path(out)
    with whole_folder(out) as folder:
        dataset = _write(study, folder, candidates, options, progress)
        _log(study, who, dataset)
    # The folder has its final name only now.
    return replace(dataset, folder=out)


def _candidate(r: Reader, case: Case) -> Candidate:
    revision = next((one for one in r.revisions(case.id) if one.digest == case.in_force), None)
    if revision is None:
        return Candidate(case, None)
    added = next(
        (entry for entry in r.ledger(case_id=case.id) if entry.action == LedgerAction.CASE_ADDED), None
    )
    source = {} if added is None else added.fields["details"].get("source") or {}
    return Candidate(case, revision, str(source.get("modality") or ""))


def _write(
    study: Study, folder: Path, candidates: Sequence[Candidate], options: DatasetOptions, progress: Progress
) -> Dataset:
    copy_trust(study.folder.trust, folder / "trust")
    trust = read_trust_and_checkpoints(folder / "trust")
    signed: list[SignedCase] = []
    left_out: list[LeftOut] = []
    for number, candidate in enumerate(candidates):
        progress("verifying", number, len(candidates))
        found = copy_signed(study, folder, candidate, trust, released_only=options.released_only)
        (left_out if isinstance(found, LeftOut) else signed).append(found)  # type: ignore[arg-type]
    if not signed:
        raise nothing_to_export(left_out)
    table = LabelTable(options.structures or _names(signed))
    cases: list[DatasetCase] = []
    for number, each in enumerate(signed):
        progress("writing", number, len(signed))
        split = split_of(each.case.id, validation=options.validation_fraction, test=options.test_fraction)
        files = DatasetFiles(folder, each.case.id, split)
        written = write_case(study, files, each, table, options.missing)
        (left_out if isinstance(written, LeftOut) else cases).append(written)  # type: ignore[arg-type]
    if not cases:
        raise nothing_to_export(left_out)
    left_out.sort(key=lambda each: each.case)
    sha256 = _write_lists(study, folder, cases, left_out, table, options, trust.roster.digest)
    return Dataset(folder, table.labels, tuple(cases), tuple(left_out), sha256)


def _names(signed: Sequence[SignedCase]) -> tuple[str, ...]:
    """The structures asked for; all that occur where no case was asked for any."""
    asked = [name for each in signed for name in each.case.structures]
    there = [structure.name for each in signed for structure in each.structures]
    # Of several spellings the first is kept.
    by_key: dict[str, str] = {}
    for name in asked or there:
        by_key.setdefault(name_key(name), name)
    return tuple(by_key[key] for key in sorted(by_key))


def _write_lists(
    study: Study,
    folder: Path,
    cases: Sequence[DatasetCase],
    left_out: Sequence[LeftOut],
    table: LabelTable,
    options: DatasetOptions,
    roster_digest: str,
) -> str:
    write_json(
        folder / LEFT_OUT_NAME,
        {"schema": LEFT_OUT_SCHEMA, "cases": [each.as_dict() for each in left_out]},
    )
    return write_datalist(
        folder,
        [case.files for case in cases],
        table.labels,
        name=options.name,
        description=options.description,
        modality=options.modality or _modality(cases),
        more={
            "study": study.id,
            "roster_sha256": roster_digest,
            "released_only": options.released_only,
            "missing": options.missing.value,
            "validation_fraction": options.validation_fraction,
            "test_fraction": options.test_fraction,
            "cases": [case.as_dict() for case in cases],
        },
    )


def _modality(cases: Iterable[DatasetCase]) -> str:
    return " or ".join(sorted({case.signed.modality or UNKNOWN_MODALITY for case in cases}))


def _log(study: Study, who: SignedIn, dataset: Dataset) -> None:
    """Write down what leaves, before it can: an entry too many harms less than one too few."""
    with acting(study, who, None, WHAT) as act:
        act.require_role(ORGANISERS, WHAT)
        for each in dataset.cases:
            case, revision = each.signed.case, each.signed.revision
            if act.t.case(case.id).in_force != revision.digest:
                raise ConflictError(
                    f"{case.id} changed while the dataset was written: nothing was exported",
                    hint="export again",
                    case=case.id,
                )
            details = {
                "to": "dataset",
                "dataset_sha256": dataset.sha256,
                "label_sha256": each.label_sha256,
                "state": each.signed.state.value,
            }
            act.log(
                LedgerAction.EXPORTED,
                case=case.id,
                read=revision.read,
                revision=revision.digest,
                details=details,
            )
