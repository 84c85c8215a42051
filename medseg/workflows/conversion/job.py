"""VolumeJob: one planned volume → files under their final names. It runs in any process, on any machine.

A job reads the sources, writes into a scratch folder and moves what is whole to its final place, sidecars
first and the image last: where an image is, all that belongs to it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path

from medseg._version import __version__
from medseg.errors import GeometryError, InputError, MedsegError, OutputExistsError
from medseg.io.conversion_folder import digest_of, publish, scratch_folder, writing_to
from medseg.io.conversion_journal import Finished
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.plan import VolumePlan
from medseg.io.dicom.read import read_planned
from medseg.io.dicom.summary import summarise
from medseg.io.manifest_entry import ManifestEntry, Written
from medseg.io.nifti.image import write_image
from medseg.io.nifti.series import write_series
from medseg.io.pseudonyms import VolumeKey
from medseg.io.volume_summary import Geometry, Status, printable
from medseg.progress import Progress, silent
from medseg.volume import Volume, VolumeSeries
from medseg.workflows.conversion.sidecars import write_sidecars

SOFTWARE = f"medseg {__version__}"


@dataclass(frozen=True)
class VolumeJob:
    """What is needed to convert one volume.

    Attributes:
        plan: The volume; its series is left without headers, which would travel once for each volume. It is
            not in the job's text form, which a cluster's log may show, for it holds paths.
        key: Whose and which it is.
        out: The output folder, absolute.
        name: Output path relative to it, without suffix.
        compress: Whether the image is ``.nii.gz``.
        keep_phi: Whether the sidecar may identify the patient.
        threads: How many threads may share the work.
        earlier: What an earlier run recorded under this name.
    """

    plan: VolumePlan = field(repr=False)
    key: VolumeKey
    out: Path = field(repr=False)
    name: str
    compress: bool
    keep_phi: bool
    threads: int
    earlier: Finished | None

    @property
    def image(self) -> str:
        """Path of the image relative to the output folder."""
        return f"{self.name}{'.nii.gz' if self.compress else '.nii'}"

    @property
    def source_stamps(self) -> dict[Path, tuple[int, int]]:
        """Size and time of each source file."""
        return {header.path: header.stamp for header in self.plan.headers}

    @property
    def source_bytes(self) -> int:
        """Size of all source files together."""
        return sum(size for size, _ in self.source_stamps.values())


@dataclass(frozen=True)
class JobResult:
    """What became of a job.

    Attributes:
        finished: The manifest's entry, and how the sources looked.
        is_kept: Whether an earlier run wrote its files.
        is_news: Whether the journal does not say so yet.
    """

    finished: Finished
    is_kept: bool = False
    is_news: bool = False


def light(plan: VolumePlan) -> VolumePlan:
    """A plan that is quick to send: without the headers of other volumes of its series."""
    return replace(plan, series=replace(plan.series, headers=(), copies=(), suspects=()))


def run_job(job: VolumeJob, progress: Progress = silent) -> JobResult:
    """Convert one volume, or find that an earlier run did so.

    What is wrong with this volume is in the result; what would stop all others too is raised.

    Raises:
        OutputError: The output folder can't be written: disk full, no permission.
        Cancelled: ``progress`` raised it.
    """
    try:
        if job.earlier is not None and _is_in_place(job, job.earlier):
            return _kept(job, job.earlier)
        return JobResult(Finished(_convert(job, progress), stamps_digest(job.plan.headers)), is_news=True)
    except (InputError, GeometryError, OutputExistsError) as error:
        return refused(job, str(error.details.get("reason", "geometry")), error.message)
    except MemoryError:
        return refused(job, "memory", "the volume does not fit into memory")
    except MedsegError:
        raise
    except Exception as error:  # noqa: BLE001 - one volume that meets a fault of ours must not stop thousands
        return refused(job, "internal-error", _where(error))


def refused(job: VolumeJob, reason: str, message: str) -> JobResult:
    """The result of a volume that could not be converted."""
    summary = replace(summarise(job.plan), status=Status.REFUSED, reason=reason, message=printable(message))
    return JobResult(Finished(ManifestEntry(summary, job.key), ""))


def stamps_digest(headers: Iterable[ImageHeader]) -> str:
    """Digest of the sizes and modification times of source files; their names and places don't matter."""
    stamps = {header.path: header.stamp for header in headers}
    lines = sorted(f"{size} {time_ns}" for size, time_ns in stamps.values())
    return sha256("\n".join(lines).encode()).hexdigest()


def sources_digest(files_sha256: Iterable[str]) -> str:
    """One digest of many files: SHA-256 over their SHA-256 in hexadecimal, sorted, each once, a line each."""
    return sha256("\n".join(sorted(set(files_sha256))).encode()).hexdigest()


def _convert(job: VolumeJob, progress: Progress) -> ManifestEntry:
    image = read_planned(job.plan, workers=job.threads, progress=progress)
    target = job.out / job.image
    with scratch_folder(job.out) as scratch:
        name = Path(job.name).name
        with writing_to(target):
            sidecars, remarks = write_sidecars(job.plan, image.grid, scratch, name, keep_phi=job.keep_phi)
        write = (
            partial(write_series, image) if isinstance(image, VolumeSeries) else partial(write_image, image)
        )
        # Nothing waits for the disk: after a power cut the checksums in the journal tell what is lost.
        digest = write(scratch / target.name, threads=job.threads, progress=progress, durable=False)
        digests = {path.name: digest_of(path) or "" for path in sidecars} | {target.name: digest}
        for file, sha in digests.items():
            publish(scratch / file, target.with_name(file), sha)
    folder = Path(job.image).parent
    return _entry(job, image, remarks, {(folder / file).as_posix(): sha for file, sha in digests.items()})


def _entry(
    job: VolumeJob, image: Volume | VolumeSeries, remarks: tuple[str, ...], files: dict[str, str]
) -> ManifestEntry:
    first = image.volumes[0] if isinstance(image, VolumeSeries) else image
    volumes = image.volumes if isinstance(image, VolumeSeries) else (image,)
    summary = replace(
        summarise(job.plan),
        status=Status.CONVERTED,
        geometry=Geometry.of(image.grid, job.plan.residual_mm),
        quantity=image.quantity,
        warnings=(*image.warnings, *remarks),
        output=job.image,
    )
    written = Written(
        sidecars=tuple(name for name in files if name != job.image),
        sha256=files,
        sources_sha256=sources_digest(file.sha256 for volume in volumes for file in volume.source.files),
        dtype=str(first.voxels.dtype),
        software=SOFTWARE,
    )
    return ManifestEntry(summary, job.key, written)


def _is_in_place(job: VolumeJob, earlier: Finished) -> bool:
    """Whether every file that an earlier run wrote is there, and still the same.

    Raises:
        OutputExistsError: One is there but was changed.
    """
    assert earlier.entry.written is not None  # noqa: S101 - a journal holds converted volumes only
    found = {name: (digest_of(job.out / name), sha) for name, sha in earlier.entry.written.sha256.items()}
    changed = sorted(name for name, (now, then) in found.items() if now not in (then, None))
    if changed:
        raise OutputExistsError(
            f"{', '.join(changed)} was changed since it was written",
            hint="move or delete it and run again; nothing is overwritten",
            reason="output-changed",
        )
    return all(now is not None for now, _ in found.values())


def _kept(job: VolumeJob, earlier: Finished) -> JobResult:
    """The result of an earlier run, if it was made of the same sources.

    Raises:
        OutputExistsError: They changed since.
    """
    # Its id may be another: that of a series that has got a second volume since.
    series_uid = job.plan.series.series_uid or None
    summary = replace(earlier.entry.summary, id=job.plan.id, series_uid=series_uid)
    entry = replace(earlier.entry, summary=summary)
    stamps = stamps_digest(job.plan.headers)
    if stamps == earlier.stamps:
        return JobResult(Finished(entry, stamps), is_kept=True)
    assert entry.written is not None  # noqa: S101 - a journal holds converted volumes only
    if sources_digest(map(_digest_source, job.source_stamps)) != entry.written.sources_sha256:
        raise OutputExistsError(
            f"the source files of {job.image} changed since it was written",
            hint="move or delete it and run again; nothing is overwritten",
            reason="source-changed",
        )
    # Copied or touched, but the same bytes: the journal is to know how they look now.
    return JobResult(Finished(entry, stamps), is_kept=True, is_news=True)


def _digest_source(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path.name} can't be read: {error.strerror or error}", reason="unreadable"
        ) from error


def _where(error: BaseException) -> str:
    """What kind of fault and where. Not its text, which may hold patient data."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    at = f" at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
    return f"a fault in medseg, please report it: {type(error).__name__}{at}"
