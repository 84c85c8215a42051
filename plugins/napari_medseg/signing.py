"""The steps of the sign-off, as the panel offers them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medseg.errors import LockedError, ReviewError
from medseg.workflows.edit_lock import claimed_state
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.sign import DEFAULT_TRUST, sign
from medseg.workflows.verify import State, Verification, verify
from napari_medseg.case import Case, Result

SUBMIT, APPROVE, REQUEST_CHANGES = "submitted", "approved", "changes-requested"
"""What a signature can mean."""


@dataclass(frozen=True)
class Credentials:
    """What a signature needs.

    Attributes:
        key: File of the signer's key.
        passphrase: Opens it.
        trust: The trust folder, or None for the one beside the label map.
        reason: Why; needed to request changes.
    """

    key: Path
    passphrase: str
    trust: Path | None = None
    reason: str = ""


def state_of(path: Path) -> State:
    """Where the statements beside a label map put it, trusted or not: whoever's they are, they lock it."""
    try:
        return claimed_state(path)
    except LockedError:
        return State.SUBMITTED


def sign_shown(path: Path, shown: Result, meaning: str, by: Credentials) -> Verification:
    """Sign the label map on disk, if it is the one that the viewer shows.

    Args:
        path: The label map.
        shown: What the viewer shows.
        meaning: What the signature means.
        by: Who signs.

    Raises:
        LockedError: The file is not what the viewer shows.
        ReviewError: The step is not allowed, or the key can't be used.
    """
    trust = trust_folder(path, by.trust)
    looked_at = verify(path, trust=trust).content_digest
    _require_shown(path, shown)
    return sign(
        path,
        meaning=meaning,
        key=by.key,
        passphrase=by.passphrase,
        trust=trust,
        reason=by.reason or None,
        expected_digest=looked_at,
    )


def trust_folder(path: Path, named: Path | None) -> Path:
    """The trust folder that was named, or the one beside the label map.

    Raises:
        ReviewError: There is none.
    """
    folder = named or path.parent / DEFAULT_TRUST
    if not folder.is_dir():
        raise ReviewError(
            f"there is no trust folder {folder.name!r}",
            hint="name the folder that says who may sign; it is made with: medseg keys trust",
        )
    return folder


def require_saved(case: Case) -> tuple[Path, Result]:
    """The file and the result that a signature would be about.

    Raises:
        ReviewError: Memory and disk differ.
    """
    if case.path is None or not case.saved or case.result is None:
        raise ReviewError(
            "what is signed is the saved file, and there is unsaved work", hint="save first, then sign"
        )
    return case.path, case.result


def describe(verification: Verification) -> str:
    """A verification in a few lines for people."""
    lines = [f"{verification.verdict.value} · {verification.state.value}"]
    lines += [
        f"{s.meaning.value} by {s.name} ({s.role}), {s.signed_at.isoformat(sep=' ', timespec='minutes')}"
        for s in verification.signatures
    ]
    lines += [f"differs: {difference.field}" for difference in verification.differs]
    return "\n".join([*lines, *verification.problems, *verification.warnings])


def is_on_disk(shown: Result, path: Path) -> bool:
    """Whether a file holds the label map that the viewer shows, voxel by voxel in every layer."""
    on_disk, mine = open_label_map(path).label_map, shown.label_map
    return (
        on_disk.structures == mine.structures
        and on_disk.grid.is_same_as(mine.grid)
        and len(on_disk.layers) == len(mine.layers)
        and all(map(np.array_equal, on_disk.layers, mine.layers))
    )


def _require_shown(path: Path, shown: Result) -> None:
    if not is_on_disk(shown, path):
        raise LockedError(
            f"{path.name} is no longer what this window shows: nothing was signed",
            hint="open it again and look at it",
        )
