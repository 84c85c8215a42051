"""What is to be exported, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from medseg._version import __version__
from medseg.errors import InputError
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import DicomReference, read_reference
from medseg.io.exchange import Outgoing
from medseg.io.existence import require_there
from medseg.io.label_map_files import NIFTI_SUFFIXES, LabelMapFiles
from medseg.labelmap import LabelMap, find_structure
from medseg.labelmap.surface import ITERATIONS
from medseg.progress import Progress, silent
from medseg.review.approval import Approval, approval_of
from medseg.volume import Source
from medseg.workflows.list_volumes import one_volume_of
from medseg.workflows.open_label_map import SavedLabelMap, open_label_map
from medseg.workflows.verify import verify


@dataclass(frozen=True)
class Written:
    """What an export left.

    Attributes:
        files: Every file that was written.
        notes: What was left out, merged or approximated on the way, one sentence each.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportRequest:
    """A label map on disk and the wishes for its export.

    Attributes:
        files: The label map with its sidecars.
        out: What to write.
        image: The image that it was drawn on; a DICOM series for DICOM formats.
        series_uid: Which series, where the image's folder holds several.
        trust: The trust folder, without which no approval is told.
        structures: Ids of the structures that go out; None for all.
        smoothing: How much surfaces are smoothed; 0 for not at all.
        subject: What a BIDS dataset calls the patient; None for the pseudonym.
        overwrite: Whether a file that is there is replaced.
        progress: Called between the steps.
    """

    files: LabelMapFiles
    out: Path
    image: Path | None = None
    series_uid: str | None = None
    trust: Path | None = None
    structures: tuple[str, ...] | None = None
    smoothing: int = ITERATIONS
    subject: str | None = None
    overwrite: bool = False
    progress: Progress = silent

    @cached_property
    def saved(self) -> SavedLabelMap:
        """The label map as it was found on disk."""
        return open_label_map(self.files.nifti)

    @cached_property
    def label_map(self) -> LabelMap:
        """The structures that go out."""
        return _only(self.saved.label_map, self.structures)

    @cached_property
    def outgoing(self) -> Outgoing:
        """All that a format can tell."""
        record = self.saved.record
        return Outgoing(
            label_map=self.label_map,
            contours=self.saved.contours,
            source=record.source if record else Source("unknown"),
            author=record.author if record else "",
            created=record.created if record else None,
            approval=self.approval,
            completed=record.completed if record else {},
            software=record.software if record else f"medseg {__version__}",
        )

    @cached_property
    def approval(self) -> Approval:
        """How far the sign-off has come; nothing is approved without a trust folder that says so."""
        if self.trust is None:
            return Approval()
        return approval_of(verify(self.files.nifti, trust=self.trust))

    @cached_property
    def reference(self) -> DicomReference:
        """The DICOM series that the label map was drawn on.

        Raises:
            InputError: There is none, or it is another series than the one of the record.
            GridMismatchError: The label map does not lie on its grid.
        """
        source = self.outgoing.source
        if self.image is None or self.image.name.endswith(NIFTI_SUFFIXES):
            came = "a NIfTI image" if source.format == "NIfTI" else "no DICOM series"
            raise InputError(
                f"a DICOM export needs the series that the label map was drawn on, but there is {came}",
                hint="name the series' folder with --image; a case that came from NIfTI alone can go out as "
                "NIfTI, NRRD or a BIDS derivative",
                reason="no-dicom-source",
            )
        require_there(self.image)
        plan = plan_one(self.image, series_uid=self.series_uid, progress=self.progress)
        reference = read_reference(one_volume_of(plan, None))
        _require_same_series(source.series_uid, plan.headers[0].series_uid)
        self.label_map.grid.require_same_as(reference.grid, "label map and DICOM series")
        return reference

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user of any exported file should know."""
        if self.trust is None and self.files.sign_off.exists():
            return ("the sign-off was not looked at: name the trust folder to export it (--trust)",)
        return ()


def _only(label_map: LabelMap, structure_ids: tuple[str, ...] | None) -> LabelMap:
    """Some of the structures, in as many layers as those take."""
    if structure_ids is None:
        return label_map
    chosen = [find_structure(label_map.structures, structure_id) for structure_id in structure_ids]
    ids = {s.id for s in chosen}
    numbers = {old: new for new, old in enumerate(sorted({s.layer for s in chosen}))}
    layers = [np.zeros_like(label_map.layers[old]) for old in numbers]
    for structure in chosen:
        layers[numbers[structure.layer]][label_map.mask(structure.id)] = structure.label
    kept = [
        replace(s, layer=numbers[s.layer], part_of=s.part_of if s.part_of in ids else None) for s in chosen
    ]
    return LabelMap.painted(label_map.grid, layers, kept)


def _require_same_series(recorded: str | None, found: str) -> None:
    if recorded is not None and recorded != found:
        raise InputError(
            "the label map was drawn on another series than the one that was named",
            hint="name the folder of the series that it was drawn on with --image",
            reason="other-series",
        )
