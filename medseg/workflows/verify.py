"""Is this what was signed, by whom, and where does it stand?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from medseg.errors import InputError, LabelMapError
from medseg.io.existence import require_file
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content_and_digests
from medseg.io.sign_off_file import read_sign_off
from medseg.io.trust_folder import read_trust_and_checkpoints
from medseg.review.states import State
from medseg.review.verification import Verdict, Verification, verify_bundle

STATES = tuple(state.value for state in State)
"""What ``--require`` offers."""


def verify(label_map_path: Path | str, *, trust: Path | str) -> Verification:
    """Compare a label map and its sidecars with the statements beside it.

    A signed label map that can't be read is ``invalid``, and ``problems`` says why. Statements that were cut
    off the end are found where a checkpoint in the trust folder names them.

    Args:
        label_map_path: The label map.
        trust: The trust folder, whose roster names and roles come from.

    Raises:
        UnreadableFileError: There is no such label map.
        SidecarError: There is no roster, or a damaged one; or the statements can't be read.
        ReviewError: The roster is not signed by its founders.
    """
    files = LabelMapFiles(Path(label_map_path))
    require_file(files.nifti)
    trusted = read_trust_and_checkpoints(Path(trust))
    bundle = read_sign_off(files.sign_off)
    now = datetime.now(UTC)
    try:
        found = read_content_and_digests(files)
    except (InputError, LabelMapError) as error:
        return verify_bundle(
            bundle,
            trusted.roster,
            None,
            {},
            now=now,
            problem=error.message,
            checkpoints=trusted.checkpoints,
        )
    verification = verify_bundle(
        bundle, trusted.roster, found.content, found.files, now=now, checkpoints=trusted.checkpoints
    )
    return replace(verification, warnings=(*verification.warnings, *found.warnings))


def review_state(label_map_path: Path, trust: Path) -> State:
    """Where a label map stands; what is not validly signed is in progress.

    Raises:
        MedsegError: As :func:`verify`.
    """
    return verify(label_map_path, trust=trust).state


__all__ = ["STATES", "State", "Verdict", "Verification", "review_state", "verify"]
