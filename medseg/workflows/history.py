"""The story of a label map, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medseg.contour import ContourSet
from medseg.errors import ContourError, MedsegError, SidecarError
from medseg.io.contours_file import read_contours
from medseg.io.existence import require_file
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_annotated_label_map, read_label_map
from medseg.io.provenance_file import read_any_record
from medseg.io.sign_off_file import read_sign_off
from medseg.labelmap import LabelMap, Structure
from medseg.provenance.history import History, Signed, StructureHistory, remarks_on_steps
from medseg.provenance.record import Record, SliceOrigins
from medseg.provenance.timeline import about_image, timeline
from medseg.provenance.voxel_blocks import blocks_of
from medseg.provenance.voxel_digest import layers_sha256
from medseg.review.statement import open_statement
from medseg.review.states import State
from medseg.review.verification import Verdict, Verification
from medseg.workflows.verify import verify


def history(label_map_path: Path | str, *, trust: Path | str | None = None) -> History:
    """Tell the story of a label map, from medseg or another program.

    A sidecar that is damaged or about something else takes no part, and a warning says so.

    Args:
        label_map_path: The label map.
        trust: The trust folder, whose roster names and roles come from. Without it no signature is checked,
            and who signed is told as claimed.

    Raises:
        UnreadableFileError: There is no such label map, or it is damaged.
        LabelMapError: The voxels are no labels, or the table does not explain them.
        SidecarError: The structure table is damaged, or there is no roster.
        ReviewError: The roster is not signed by its founders.
    """
    files = LabelMapFiles(Path(label_map_path))
    require_file(files.nifti)
    read = read_annotated_label_map(files.nifti)
    label_map = read.label_map
    told = _Told(files, layers_sha256(label_map.layers), list(read.warnings))
    record = told.record()
    contours = told.contours()
    structures = tuple(told.structure(label_map, one, contours, record) for one in label_map.structures)
    signatures, standing, roster_sha256 = told.sign_off(trust)
    steps = record.story if record else ()
    told.warnings += remarks_on_steps(steps, told.digest)
    return History(
        voxels_sha256=told.digest,
        source=record.source if record else None,
        author=record.author if record else "",
        structures=structures,
        steps=steps,
        signatures=signatures,
        standing=standing,
        notes=record.notes if record else (),
        warnings=tuple(dict.fromkeys(told.warnings)),
        recorded=record is not None,
        roster_sha256=roster_sha256,
    )


def prov_of(label_map_path: Path | str, *, trust: Path | str | None = None) -> bytes:
    """The story of a label map in W3C PROV, as JSON; see :func:`history`."""
    from medseg.io.prov_file import prov_json

    return prov_json(history(label_map_path, trust=trust))


def write_history_prov(told: History, path: Path, *, overwrite: bool = False) -> None:
    """Write a story in W3C PROV, as JSON.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    from medseg.io.prov_file import write_prov

    write_prov(told, path, overwrite=overwrite)


def write_history_page(
    told: History,
    label_map_path: Path,
    path: Path,
    *,
    image: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write a story as a page with pictures, in one HTML file that needs nothing else.

    Args:
        told: The story of the label map.
        label_map_path: The label map.
        path: The page to write.
        image: The image; without it the pictures show the structures alone.
        overwrite: Whether a file that is there is replaced.

    Raises:
        MedsegError: The image can't be read, or lies on another grid; the page can't be written.
    """
    from medseg.io.history_page import write_page
    from medseg.workflows.open_image import open_image

    write_page(
        told,
        read_label_map(label_map_path),
        path,
        image=open_image(image) if image else None,
        overwrite=overwrite,
    )


@dataclass
class _Told:
    """What the files beside a label map tell, and what does not fit.

    Attributes:
        files: The files.
        digest: Digest of the voxels.
        warnings: What does not fit so far.
    """

    files: LabelMapFiles
    digest: str
    warnings: list[str] = field(default_factory=list)

    def record(self) -> Record | None:
        """The record, whatever it is about."""
        if not self.files.provenance.exists():
            return None
        try:
            record = read_any_record(self.files.provenance)
        except SidecarError as error:
            self.warnings.append(f"the record can't be told: {error.message}")
            return None
        if record is not None and record.voxels_sha256 != self.digest:
            self.warnings.append(
                "the record is about other voxels: it was exchanged, or the label map was changed without it"
            )
        return record

    def contours(self) -> ContourSet:
        """The contours, where they belong to these voxels."""
        if not self.files.contours.exists():
            return ContourSet()
        try:
            return read_contours(self.files.contours, voxels_sha256=self.digest)
        except SidecarError as error:
            self.warnings.append(f"the contours take no part: {error.message}")
            return ContourSet()

    def structure(
        self, label_map: LabelMap, structure: Structure, contours: ContourSet, record: Record | None
    ) -> StructureHistory:
        """Where one structure came from."""
        one = structure.id
        completed = record.completed.get(one) if record else None
        try:
            planes, blocks = blocks_of(label_map, contours, one, completed)
        except ContourError as error:
            self.warnings.append(f"the contours of {structure.name} take no part: {error.message}")
            planes, blocks = blocks_of(label_map, ContourSet(), one, None)
        return StructureHistory(
            structure,
            sum(block.voxel_count for block in blocks),
            origins=record.structures.get(one, SliceOrigins()) if record else SliceOrigins(),
            completed=completed,
            model=record.models.get(one) if record else None,
            planes=planes,
            blocks=blocks,
        )

    def sign_off(self, trust: Path | str | None) -> tuple[tuple[Signed, ...], str, str]:
        """Who vouches for it, where it stands, and the digest of the roster."""
        if trust is None:
            signatures = tuple(self._claimed())
            if signatures:
                self.warnings.append(
                    "the signatures were not verified: names, roles and what was signed are as claimed; name "
                    "the trust folder to verify them"
                )
            return signatures, "not verified" if self.files.sign_off.exists() else Verdict.UNSIGNED.value, ""
        verification = verify(self.files.nifti, trust=trust)
        self.warnings += [f"sign-off: {said}" for said in (*verification.problems, *verification.warnings)]
        self.warnings += [f"not as signed: {difference.field}" for difference in verification.differs]
        return tuple(_verified(verification)), _standing(verification), verification.roster_digest

    def _claimed(self) -> Iterator[Signed]:
        """What the statements say of themselves, as far as they can be read."""
        for number, line in enumerate(read_sign_off(self.files.sign_off).splitlines(), start=1):
            try:
                statement, _ = open_statement(line, f"statement {number}")
            except MedsegError as error:
                self.warnings.append(f"sign-off: {error.message}")
                return
            yield Signed(
                statement.meaning.value,
                statement.name,
                statement.role.value,
                statement.person_id,
                statement.signed_at,
                statement.reason,
                verified=False,
                covers_this=False,
            )


def _verified(verification: Verification) -> Iterator[Signed]:
    names = {structure.id: structure.name for structure in verification.structures}
    for signature in verification.signatures:
        covers_this = verification.holds and signature.content_digest == verification.content_digest
        is_partial = covers_this and set(signature.structures) != set(names)
        yield Signed(
            signature.meaning.value,
            signature.name,
            signature.role,
            signature.person_id,
            signature.signed_at,
            signature.reason,
            verified=True,
            covers_this=covers_this,
            in_force=verification.state in (State.APPROVED, State.RELEASED),
            only=tuple(names[one] for one in signature.structures) if is_partial else (),
            checkpointed_at=signature.checkpointed_at,
        )


def _standing(verification: Verification) -> str:
    if verification.verdict in (Verdict.UNSIGNED, Verdict.INVALID):
        return verification.verdict.value
    return verification.state.value


__all__ = [
    "History",
    "about_image",
    "history",
    "prov_of",
    "timeline",
    "write_history_page",
    "write_history_prov",
]
