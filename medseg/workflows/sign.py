"""Sign a loose label map: submit it, approve it, ask for changes, and whatever else the table allows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from medseg.errors import LockedError, ReviewError, SigningKeyError
from medseg.io.existence import require_file
from medseg.io.file_lock import exclusive
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content_and_digests
from medseg.io.provenance_file import source_digests
from medseg.io.sign_off_file import append_statement, read_sign_off
from medseg.io.trust_folder import read_key, read_trust_and_checkpoints
from medseg.review.chain import replay
from medseg.review.circumstances import Circumstances
from medseg.review.missing_statements import missing_statements
from medseg.review.signing import next_statement
from medseg.review.statement import seal_statement
from medseg.review.states import Meaning
from medseg.review.verification import Verdict, Verification, verify_bundle

MEANINGS = tuple(meaning.value for meaning in Meaning)
"""What ``--meaning`` offers."""

DEFAULT_TRUST = "keys"
"""The trust folder beside a label map, where no other is named."""


def sign(
    label_map_path: Path | str,
    *,
    meaning: str,
    key: Path | str,
    passphrase: str,
    trust: Path | str | None = None,
    reason: str | None = None,
    structures: Iterable[str] | None = None,
    expected_digest: str | None = None,
) -> Verification:
    """Put one more signed statement beside a label map.

    Everything is read again at this moment, and nobody else signs or saves meanwhile.

    Args:
        label_map_path: The label map, with its sidecars beside it.
        meaning: One of :data:`MEANINGS`.
        key: File of the signer's key.
        passphrase: Opens the key.
        trust: The trust folder; by default ``keys`` beside the label map.
        reason: Why; needed for changes-requested, adjudicated, amended, withdrawn and superseded.
        structures: Ids of the structures that an approval covers; by default all.
        expected_digest: Content digest of what the signer looked at, where it is known.

    Returns:
        The verification of the label map with the new statement.

    Raises:
        TransitionError: The table of states does not allow the step.
        SigningKeyError: The key can't be opened, or is nobody's on the roster.
        LockedError: Somebody else signs or saves, or the content is not what the signer looked at.
        ReviewError: The roster or the statements so far are unsound, or there is no trust folder.
        InputError: The label map or a sidecar is missing or damaged.
        LabelMapError: The structure table does not explain the voxels.
        OutputError: The statement can't be written; nothing has changed.
    """
    files = LabelMapFiles(Path(label_map_path))
    require_file(files.nifti)
    step = Meaning(meaning)
    trusted = read_trust_and_checkpoints(Path(trust) if trust else _default_trust(files))
    roster = trusted.roster
    signing_key = read_key(Path(key), passphrase)
    if roster.holder_of(signing_key.public_hex) is None:
        raise SigningKeyError(f"the key {Path(key).name} belongs to nobody on the roster", path=str(key))
    with exclusive(files.sign_off):
        bundle = read_sign_off(files.sign_off)
        found = read_content_and_digests(files)
        if expected_digest not in (None, found.content.digest()):
            raise LockedError(
                f"{files.nifti.name} changed since it was opened: nothing was signed",
                hint="reload the label map and look at it again",
            )
        now = datetime.now().astimezone()
        chain = replay(bundle, roster, trusted.checkpoints)
        missing = missing_statements(chain, found.content, trusted.checkpoints)
        if missing:
            raise ReviewError(
                f"{files.sign_off.name}: {missing[0]}: nothing is signed on top of it",
                hint="put the statements back from where the label map came from",
                reason="missing-statements",
            )
        statement = next_statement(
            chain,
            found.content,
            found.files,
            roster.signer(signing_key.public_hex, now, trust=roster.digest),
            meaning=step,
            reason=reason or "",
            signed_at=now,
            roster=roster,
            circumstances=Circumstances(sources=source_digests(files.provenance)),
            structures=structures,
        )
        line = seal_statement(statement, signing_key)
        verification = verify_bundle(
            bundle + line + b"\n",
            roster,
            found.content,
            found.files,
            now=now,
            checkpoints=trusted.checkpoints,
        )
        # What can't be verified must not be written: it would spoil the statements before it.
        if verification.verdict is not Verdict.VALID:
            raise ReviewError(f"the new statement does not verify: {', '.join(verification.problems)}")
        append_statement(files.sign_off, line, after=bundle)
    return verification


def _default_trust(files: LabelMapFiles) -> Path:
    folder = files.nifti.parent / DEFAULT_TRUST
    if not folder.is_dir():
        raise ReviewError(
            f"there is no trust folder {DEFAULT_TRUST} beside {files.nifti.name}",
            hint="name the trust folder with --trust, or make one with: medseg keys trust",
        )
    return folder
