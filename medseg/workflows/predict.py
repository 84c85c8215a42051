"""Cases → label maps that a MONAI bundle proposes, one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from medseg.assist.bundle import Bundle, BundleProcess, Prediction, opened_bundle
from medseg.assist.uncertainty import CaseDoubt, Sampling, doubt
from medseg.contour import ContourSet
from medseg.errors import Cancelled, InputError, MedsegError, OutputError, OutputExistsError
from medseg.io.label_map_files import NIFTI_SUFFIXES, LabelMapFiles
from medseg.io.provenance_file import read_earlier_record
from medseg.labelmap import in_layers
from medseg.progress import Progress, silent
from medseg.provenance.record import Model, Record
from medseg.provenance.source_digest import source_sha256
from medseg.provenance.step import StepInput
from medseg.volume import Volume
from medseg.workflows.open_image import open_image
from medseg.workflows.predicted_doubt import read_doubt, write_doubt
from medseg.workflows.save import save_label_map

BUNDLE_FORMAT = "MONAI Bundle"

ALLOWED = "The bundle's own code was allowed to run."
"""The note of a record whose bundle was not checked: who ran it trusted it."""


class Outcome(StrEnum):
    """What became of a case."""

    PREDICTED = "predicted"
    KEPT = "kept"
    """An earlier run made the same: of this image, by this bundle."""
    REFUSED = "refused"


@dataclass(frozen=True)
class CaseResult:
    """One case.

    Attributes:
        case: As it was named.
        status: What became of it.
        output: The label map; None where there is none.
        reason: A stable word, where it was refused.
        message: Why, or what a reader should know.
        structures: Of a new label map, by name: how many voxels, and mm³.
        uncertainty: The numbers of its uncertainty and the file of its map, where they were asked for.
        seconds: How long it took.
    """

    case: Path
    status: Outcome
    output: Path | None = None
    reason: str | None = None
    message: str = ""
    structures: dict[str, dict[str, float]] = field(default_factory=dict)
    uncertainty: dict[str, Any] | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The case as a JSON object."""
        return {
            "case": str(self.case),
            "status": self.status.value,
            "output": None if self.output is None else str(self.output),
            "reason": self.reason,
            "message": self.message,
            "structures": self.structures,
            "uncertainty": self.uncertainty,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Predictions:
    """What became of all cases.

    Attributes:
        bundle: Name, version and digests of the bundle that ran.
        cases: One each, in the order in which they were named.
    """

    bundle: dict[str, Any]
    cases: tuple[CaseResult, ...]

    @property
    def refused(self) -> tuple[CaseResult, ...]:
        """The cases that have no label map."""
        return tuple(case for case in self.cases if case.status is Outcome.REFUSED)

    def as_dict(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        return {"bundle": self.bundle, "cases": [case.as_dict() for case in self.cases]}


def predict(
    bundle: Path | str,
    cases: Sequence[Path],
    out: Path | str,
    *,
    device: str = "auto",
    allow_code: bool = False,
    author: str = "unnamed",
    uncertainty: Sampling | None = None,
    progress: Progress = silent,
    watch: Callable[[CaseResult], None] = lambda _: None,
) -> Predictions:
    """Run a MONAI bundle on cases, and write a label map with its record for each.

    A case that can't be run is refused, and the others go on. Where the work was stopped, the same call goes
    on from there: a label map that this bundle made of this image is kept.

    Args:
        bundle: A folder, or a zip of one; see ``docs/predict.md`` for which are trusted.
        cases: DICOM folders or NIfTI files, one image each.
        out: A folder, made where it is not there: it gets ``<case>_dseg.nii.gz`` with its sidecars.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on.
        allow_code: Whether a bundle that brings code of its own is run all the same; the record says so.
        author: Printed name for the record.
        uncertainty: How often to ask about a case in order to tell how sure the bundle is of it: writes
            ``<case>_uncertainty.nii.gz`` and ``.json``, too. None for once, without that.
        progress: Told of each window; a :class:`~medseg.errors.Cancelled` that it raises ends the process
            that runs the bundle.
        watch: Told of each case when it is done.

    Raises:
        InputError: The bundle can't be run, or is not to be trusted: nothing is.
        OutputError: The folder can't be made.
        Cancelled: ``progress`` raised it; finished label maps stay.
    """
    out = Path(out)
    names = output_names(cases)
    with opened_bundle(bundle, allow_code=allow_code) as opened:
        _make_folder(out)
        results = []
        with BundleProcess(opened, device=device) as process:
            for case, name in zip(cases, names, strict=True):
                one = _OneCase(Path(case), out / f"{name}_dseg.nii.gz", author, uncertainty)
                results.append(one.run(opened, process, progress))
                watch(results[-1])
        return Predictions(_as_dict(opened), tuple(results))


def output_names(cases: Sequence[Path]) -> list[str]:
    """A name for each case: that of its file or folder, with those of the folders above where two are alike.

    Raises:
        InputError: A case is named twice; reason ``case-twice``.
    """
    paths = [Path(case).absolute() for case in cases]
    twice = [path for path, count in Counter(paths).items() if count > 1]
    if twice:
        raise InputError(f"the case {twice[0].name} is named twice", reason="case-twice")
    parts = [[*path.parts[1:-1], _stem(path)] for path in paths]
    depth = [1] * len(parts)
    while True:
        names = ["_".join(of_path[-n:]) for of_path, n in zip(parts, depth, strict=True)]
        alike = {name for name, count in Counter(names).items() if count > 1}
        if not alike:
            return names
        if not any(name in alike and depth[n] < len(parts[n]) for n, name in enumerate(names)):
            raise InputError(f"two cases would both be written as {alike.pop()}", reason="case-twice")
        depth = [n + 1 if name in alike else n for name, n in zip(names, depth, strict=True)]


def _stem(path: Path) -> str:
    for suffix in NIFTI_SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.name


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"could not make the folder {out.name}: {error.strerror or error}") from error


@dataclass(frozen=True)
class _OneCase:
    """A case and where its label map goes."""

    case: Path
    out: Path
    author: str
    sampling: Sampling | None

    def run(self, bundle: Bundle, process: BundleProcess, progress: Progress) -> CaseResult:
        started_s = time.monotonic()
        try:
            volume = open_image(self.case, progress=progress)
            is_made = self._is_made(volume, bundle)
            known = self._known_doubt(volume, bundle)
            if is_made and (self.sampling is None or known is not None):
                return CaseResult(self.case, Outcome.KEPT, self.out, uncertainty=known)
        except Cancelled:
            raise
        except MedsegError as error:
            return self._refused(error)
        process.start(progress=progress)  # a bundle that can't be loaded is no fault of the case
        structures: dict[str, dict[str, float]] = {}
        try:
            prediction, doubted = self._asked(process, volume, bundle.modality, progress)
            if not is_made:
                structures = self._save(volume, prediction, bundle)
            if doubted is not None:
                known = write_doubt(self.out, doubted, volume, bundle)
        except Cancelled:
            raise
        except MedsegError as error:
            return self._refused(error)
        return CaseResult(
            self.case,
            Outcome.KEPT if is_made else Outcome.PREDICTED,
            self.out,
            message=" ".join(prediction.remarks),
            structures=structures,
            uncertainty=known,
            seconds=time.monotonic() - started_s,
        )

    def _asked(
        self, process: BundleProcess, volume: Volume, modality: str, progress: Progress
    ) -> tuple[Prediction, CaseDoubt | None]:
        if self.sampling is None:
            return process.predict(volume, progress=progress), None
        found = doubt(process.predict, volume, sampling=self.sampling, modality=modality, progress=progress)
        return found.prediction, found

    def _known_doubt(self, volume: Volume, bundle: Bundle) -> dict[str, Any] | None:
        return None if self.sampling is None else read_doubt(self.out, self.sampling, volume, bundle)

    def _refused(self, error: MedsegError) -> CaseResult:
        reason = str(error.details.get("reason", type(error).__name__))
        return CaseResult(self.case, Outcome.REFUSED, reason=reason, message=error.message)

    def _is_made(self, volume: Volume, bundle: Bundle) -> bool:
        """Whether a label map of this image by this bundle is there already.

        Raises:
            OutputExistsError: Another one is.
        """
        files = LabelMapFiles(self.out)
        if not files.nifti.exists():
            return False
        record = read_earlier_record(files.provenance)
        if record is not None and _is_of(record, volume, bundle):
            return True
        raise OutputExistsError(
            f"{self.out.name} exists already, and is of another image, or another bundle",
            hint="name another folder",
            reason="output-exists",
            path=str(self.out),
        )

    def _save(self, volume: Volume, prediction: Prediction, bundle: Bundle) -> dict[str, dict[str, float]]:
        label_map = in_layers(volume.grid, ((s, prediction.masks[s.id]) for s in prediction.structures))
        model = Model(bundle.name, bundle.version, bundle.weights_sha256)
        save_label_map(
            self.out,
            label_map,
            grid=volume.grid,
            source=volume.source,
            contours=ContourSet(),
            author=self.author,
            models={structure.id: model for structure in label_map.structures},
            notes=(*prediction.remarks, *([ALLOWED] if bundle.allows_code else [])),
            inputs=_inputs(bundle),
        )
        counts = {s.name: int(label_map.mask(s.id).sum()) for s in label_map.structures}
        voxel_mm3 = volume.grid.voxel_volume_mm3
        return {name: {"voxels": n, "volume_mm3": round(n * voxel_mm3, 3)} for name, n in counts.items()}


def _inputs(bundle: Bundle) -> tuple[StepInput, ...]:
    return tuple(StepInput(path, BUNDLE_FORMAT, digest) for path, digest in sorted(bundle.sha256.items()))


def _is_of(record: Record, volume: Volume, bundle: Bundle) -> bool:
    """Whether a record tells of this image and these files of a bundle."""
    if source_sha256(record.source) != source_sha256(volume.source):
        return False
    made = record.story[0]
    return made.inputs == _inputs(bundle) and (ALLOWED in record.notes) == bundle.allows_code


def _as_dict(bundle: Bundle) -> dict[str, Any]:
    return {
        "name": bundle.name,
        "version": bundle.version,
        "sha256": bundle.bundle_sha256,
        "files": dict(sorted(bundle.sha256.items())),
        "code_allowed": bundle.allows_code,
    }
