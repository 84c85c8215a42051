"""The cases that a network learns from: each verified once more, and its labels taken from what was signed.

A training set that ``medseg export dataset`` wrote holds derived labels beside the label maps that were
signed. Only the latter are learned from; the former have to agree with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import InputError, MedsegError, ReviewError
from medseg.io.datalist import LEFT_OUT_NAME, DatasetFiles, Split, read_datalist, read_json
from medseg.io.file_digest import file_sha256
from medseg.io.nifti.image import read_image
from medseg.io.nifti.label_map import read_label_map
from medseg.io.sign_off_file import read_sign_off
from medseg.io.trust_folder import read_trust_and_checkpoints
from medseg.labelmap import LabelMap
from medseg.labelmap.relabelling import LabelTable, name_key, relabelled
from medseg.progress import Progress, silent
from medseg.review.chain import replay
from medseg.review.states import State
from medseg.review.trust import Trust
from medseg.review.verification import Verdict, Verification
from medseg.volume import Quantity, Volume
from medseg.workflows.verify import verify

Labels = npt.NDArray[np.uint8]

MAX_STRUCTURES = 255
"""Labels are learned as bytes."""

_IN_FORCE = (State.APPROVED, State.RELEASED)
_NO_MODALITY = ("", "unknown")


@dataclass(frozen=True)
class TrainingCase:
    """A case that was approved, and verified here.

    Attributes:
        files: Where its files lie.
        state: ``approved`` or ``released``.
        content_digest: Of the label map that was signed.
        image_sha256: Of the image.
        signed_sha256: Of the file of the label map that was signed.
        attestations: Of each statement its digest, what it means and in which role it was signed.
        names: What the structures of the label map are called.
    """

    files: DatasetFiles
    state: State
    content_digest: str
    image_sha256: str
    signed_sha256: str
    attestations: tuple[dict[str, str], ...]
    names: tuple[str, ...]

    @property
    def id(self) -> str:
        """Id of the case."""
        return self.files.case_id

    @property
    def data_sha256(self) -> str:
        """One digest for image and label map."""
        return hashlib.sha256(f"{self.image_sha256} {self.content_digest}".encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """What a model card says of it: nothing that names a person."""
        return {
            "case": self.id,
            "state": self.state.value,
            "content_digest": self.content_digest,
            "image_sha256": self.image_sha256,
            "attestations": list(self.attestations),
        }


@dataclass(frozen=True)
class TrainingSet:
    """Cases to learn from.

    Attributes:
        structures: What is learned; the first has label 1.
        modality: ``CT``, ``MR``, ``PT`` or another one of DICOM; empty where nobody knows.
        cases: All of them.
        roster_sha256: Digest of the roster that they were verified by.
        left_out: Cases that were not exported with them, each with its reason: ``not-approved``, say.
    """

    structures: tuple[str, ...]
    modality: str
    cases: tuple[TrainingCase, ...]
    roster_sha256: str
    left_out: tuple[dict[str, str], ...] = ()

    def read(self, case: TrainingCase) -> tuple[Volume, Labels]:
        """Image and labels ``[k, j, i]`` of a case, from what was signed.

        Raises:
            MedsegError: Files that can't be read, or have changed since they were verified (``attestation``).
        """
        quantity = Quantity.HU if self.modality == "CT" else Quantity.ARBITRARY
        volume = read_image(case.files.image, quantity)
        label_map = read_label_map(case.files.signed.nifti)
        labels = relabelled(label_map, LabelTable(self.structures).labels_for(label_map.structures))
        label_map.grid.require_same_as(volume.grid, "label map and image")
        changed = file_sha256(case.files.signed.nifti) != case.signed_sha256
        if changed or volume.source.files[0].sha256 != case.image_sha256:
            raise _not_as_signed(case.id, "its files have changed meanwhile")
        return volume, labels.astype(np.uint8, copy=False)


def read_training_set(
    folder: Path,
    *,
    trust: Path | None = None,
    structures: Sequence[str] = (),
    modality: str = "",
    progress: Progress = silent,
) -> TrainingSet:
    """Read a training set that ``medseg export dataset`` wrote, and verify each case of it.

    Args:
        folder: Its folder.
        trust: The trust folder to verify by; by default the copy within the training set.
        structures: Names of what is to be learned, in the order of their labels; by default those of the
            training set that every case has.
        modality: What the images are; by default as the training set says.
        progress: Called before each case.

    Raises:
        InputError: It is none (``not-a-training-set``), a case of it was not signed (``not-attested``), there
            are fewer than two (``too-few-cases``), images of several kinds (``mixed-modalities``), or a
            structure is not there (``no-such-structure``, ``no-common-structure``, ``too-many-structures``).
        ReviewError: A case does not verify, or is not what was signed; reason ``attestation``.
        UnreadableFileError: Files that are missing or damaged (``dataset-damaged``).
        SidecarError: There is no roster, or a damaged one.
    """
    if not (folder / "dataset.json").is_file():
        raise InputError(
            f"expected a study, or a training set that `medseg export dataset` wrote, at {folder.name}",
            hint="name the folder that has study.json or dataset.json in it",
            reason="not-a-training-set",
        )
    listed = read_datalist(folder)
    trust = trust or folder / "trust"
    if not trust.is_dir():
        raise _not_attested("the training set has no trust folder", "name one with --trust")
    trusted = read_trust_and_checkpoints(trust)
    table = LabelTable(tuple(sorted(listed.labels, key=lambda name: listed.labels[name])))
    cases = []
    for number, files in enumerate(listed.cases):
        progress("verifying", number, len(listed.cases))
        cases.append(_verified(files, table, trust, trusted))
    if len(cases) < 2:
        raise InputError(
            f"expected at least two cases to learn from, found {len(cases)}",
            hint="approve more cases; those of the test are left alone",
            reason="too-few-cases",
        )
    return TrainingSet(
        _chosen(table.names, structures, cases),
        _one_modality(modality or listed.modality),
        tuple(cases),
        trusted.roster.digest,
        _left_out(folder),
    )


def _left_out(folder: Path) -> tuple[dict[str, str], ...]:
    path = folder / LEFT_OUT_NAME
    if not path.exists():
        return ()
    cases = read_json(path).get("cases")
    return tuple(
        {"case": str(case.get("case")), "reason": str(case.get("reason"))}
        for case in (cases if isinstance(cases, list) else ())
        if isinstance(case, dict)
    )


def _chosen(listed: Sequence[str], wanted: Sequence[str], cases: Sequence[TrainingCase]) -> tuple[str, ...]:
    """The structures to learn, as the training set spells them."""
    by_key = {name_key(name): name for name in listed}
    keys = [name_key(name) for name in wanted]
    missing = [name for name, key in zip(wanted, keys, strict=True) if key not in by_key]
    if missing:
        raise InputError(
            f"the training set has no structure {missing[0][:60]!r}",
            hint=f"it has {', '.join(listed)}",
            reason="no-such-structure",
        )
    if not keys:
        in_all = set.intersection(*({name_key(name) for name in case.names} for case in cases))
        keys = [key for key in by_key if key in in_all]
    if not keys:
        raise InputError(
            "no structure is in every case of the training set",
            hint=f"name those to learn with --structure: {', '.join(listed)}",
            reason="no-common-structure",
        )
    if len(keys) > MAX_STRUCTURES:
        raise InputError(
            f"expected at most {MAX_STRUCTURES} structures to learn, got {len(keys)}",
            reason="too-many-structures",
        )
    return LabelTable(tuple(by_key[key] for key in keys)).names


def _one_modality(named: str) -> str:
    if " or " in named:
        raise InputError(
            f"expected images of one kind, the training set has {named[:80]}",
            hint="export a training set for each, or say with --modality what all of them are",
            reason="mixed-modalities",
        )
    return "" if named in _NO_MODALITY else named


def _verified(files: DatasetFiles, table: LabelTable, trust: Path, trusted: Trust) -> TrainingCase:
    name = files.case_id
    if not files.signed.nifti.is_file() or not files.label_origin.is_file():
        raise _not_attested(f"{name} has no label map that was signed", "learn from approved revisions only")
    found = verify(files.signed.nifti, trust=trust)
    if found.verdict is Verdict.UNSIGNED:
        raise _not_attested(f"{name} was not signed", "learn from approved revisions only")
    _require_approved(name, found)
    image_sha256 = file_sha256(files.image)
    _require_about(files, trusted, image_sha256)
    label_map = read_label_map(files.signed.nifti)
    _require_derived(files, found, label_map, table)
    return TrainingCase(
        files,
        found.state,
        str(found.content_digest),
        image_sha256,
        file_sha256(files.signed.nifti),
        tuple(
            {"sha256": one.sha256, "meaning": one.meaning.value, "role": one.role} for one in found.signatures
        ),
        tuple(structure.name for structure in label_map.structures),
    )


def _require_approved(name: str, found: Verification) -> None:
    if found.verdict is not Verdict.VALID:
        words = (*found.problems, *(f"{each.field} differs" for each in found.differs))
        raise _not_as_signed(name, f"it does not verify: {'; '.join(words) or found.verdict.value}")
    if found.state not in _IN_FORCE:
        raise _not_as_signed(name, f"it is {found.state}, not approved")
    if uncovered := [each.name for each in found.structures if not each.approved_by]:
        raise _not_as_signed(name, f"not covered by an approval: {', '.join(uncovered)}")


def _require_about(files: DatasetFiles, trusted: Trust, image_sha256: str) -> None:
    """Refuse a label map that was signed for another case, or drawn on another image."""
    chain = replay(read_sign_off(files.signed.sign_off), trusted.roster, trusted.checkpoints)
    about = None if chain.latest is None else chain.latest.circumstances
    if about is None or about.case != files.case_id:
        raise _not_as_signed(files.case_id, "its statements are about another case")
    if image_sha256 not in about.sources:
        raise _not_as_signed(files.case_id, "its statements are about another image")


def _require_derived(
    files: DatasetFiles, found: Verification, label_map: LabelMap, table: LabelTable
) -> None:
    """Refuse labels that are not those of the label map that was signed: others may train on them."""
    name = files.case_id
    origin = read_json(files.label_origin)
    derived_from = origin.get("derived_from")
    if not isinstance(derived_from, dict) or derived_from.get("content_digest") != found.content_digest:
        raise _not_as_signed(name, "its labels were derived from another revision")
    try:
        derived = relabelled(label_map, table.labels_for(label_map.structures))
        labels = read_label_map(files.label)
        same = np.array_equal(labels.layers[0], derived)
    except MedsegError as error:
        raise _not_as_signed(name, f"its labels can't be compared with what was signed: {error}") from error
    if not same:
        raise _not_as_signed(name, "its labels are not those that were signed")


def _not_attested(what: str, hint: str) -> InputError:
    return InputError(what, hint=hint, reason="not-attested")


def _not_as_signed(case: str, why: str) -> ReviewError:
    return ReviewError(
        f"{case} can't be learned from: {why}",
        hint="export the training set anew; nothing is learned that was not approved",
        reason="attestation",
        case=case,
    )


def chosen_to_hold_out(cases: Sequence[TrainingCase], wanted: float | None) -> tuple[str, ...]:
    """The cases that are not learned from, but measured on: chosen by their ids alone.

    Args:
        cases: All cases.
        wanted: How many; a number below 1 is a share. None takes those that the training set has for
            validation, or a fifth where it has none.

    Raises:
        InputError: None would be left to learn from, or it is no such number; reason ``held-out``.
    """
    if wanted is None:
        named = tuple(case.id for case in cases if case.files.split is Split.VALIDATION)
        if named and len(named) < len(cases):
            return named
        wanted = FIFTH
    count = max(1, round(wanted * len(cases))) if 0 < wanted < 1 else wanted
    if count != int(count) or not 0 <= count < len(cases):
        raise InputError(
            f"expected 0 to {len(cases) - 1} cases to hold out, or a share below 1, got {wanted:g}",
            reason="held-out",
        )
    by_hash = sorted((case.id for case in cases), key=lambda name: hashlib.sha256(name.encode()).digest())
    return tuple(sorted(by_hash[: int(count)]))


FIFTH = 0.2
"""Held out where nobody says how many."""
