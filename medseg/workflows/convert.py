"""DICOM folders → NIfTI files, one by one, and a manifest that accounts for every volume and every file."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from medseg.errors import UnreadableFileError
from medseg.io.conversion_folder import JOURNAL, OWN, claimed_folder
from medseg.io.conversion_journal import Finished, Journal, open_journal
from medseg.io.dicom.options import PetUnit, ReadOptions
from medseg.io.dicom.plan import VolumePlan
from medseg.io.dicom.summary import summarise
from medseg.io.manifest_entry import ManifestEntry
from medseg.io.manifest_file import manifest_document, write_manifest
from medseg.io.output_names import NameFields, NameTemplate
from medseg.io.pseudonym_secret import Secret, load_secret
from medseg.io.pseudonyms import Pseudonyms, VolumeKey
from medseg.io.volume_names import name_fields
from medseg.io.volume_summary import Status, VolumeSummary
from medseg.processes import run_in_processes, usable_processors
from medseg.progress import Progress, silent
from medseg.workflows.conversion.intake import Intake, shown_message, take_in, without_names
from medseg.workflows.conversion.job import SOFTWARE, JobResult, VolumeJob, light, refused, run_job
from medseg.workflows.conversion.options import ConvertOptions
from medseg.workflows.conversion.tally import Tally, Watch, unwatched

__all__ = [
    "Conversion",
    "ConvertOptions",
    "PetUnit",
    "ReadOptions",
    "Status",
    "Tally",
    "VolumeSummary",
    "Watch",
    "convert",
]

_DEFAULT = ConvertOptions()


@dataclass(frozen=True)
class Conversion:
    """What became of every volume and every file.

    Attributes:
        entries: As they stand in the manifest: one a volume, one for images that became none, and one for
            each DICOM file that is too damaged to belong to any.
        files: By path relative to the folder that all inputs share: the ids of the volumes that it belongs
            to, or the reason why it was passed over.
        options: What the outputs depend on, as a JSON value.
        kept: How many volumes an earlier run had converted already.
        left_over: Outputs of earlier runs that no volume of these inputs has.
    """

    entries: tuple[ManifestEntry, ...]
    files: dict[str, str]
    options: dict[str, object]
    kept: int
    left_over: tuple[str, ...]

    @property
    def volumes(self) -> tuple[VolumeSummary, ...]:
        """All entries in a few words."""
        return tuple(entry.summary for entry in self.entries)

    @property
    def refused(self) -> tuple[VolumeSummary, ...]:
        """Images that could not be converted."""
        return tuple(volume for volume in self.volumes if volume.status is Status.REFUSED)

    def as_dict(self) -> dict[str, object]:
        """The manifest as a JSON value."""
        return manifest_document(
            self.entries,
            self.files,
            options=self.options,
            left_over=self.left_over,
            software=SOFTWARE,
        )


def convert(
    inputs: Sequence[Path],
    out: Path,
    options: ConvertOptions = _DEFAULT,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
    watch: Watch = unwatched,
) -> Conversion:
    """Write every regular CT, MR and PET volume as NIfTI, and a manifest beside them.

    What is no regular volume is refused in the manifest, with its reason; the others are converted all the
    same. Files appear one by one, each whole. Where the work is stopped, however suddenly, the same call
    takes up what is done and goes on; nothing that is there is ever overwritten, see ``docs/convert.md``.

    Args:
        inputs: Files and folders; a series may be spread over several.
        out: A new or empty folder, or one that an earlier conversion with the same options wrote.
        options: How volumes are read, named and written.
        workers: How many processes share the volumes, and threads a volume; None for one a processor.
        scheduler: Address of a Dask scheduler whose workers do the work instead.
        progress: Told before each header, and for a single volume before each slice.
        watch: Told whenever a volume is finished.

    Raises:
        NoImagesError: The inputs hold no image at all.
        InputError: An input, the secret or the scheduler can't be used.
        OutputExistsError: ``out`` holds something else, or was begun with other options.
        OutputError: ``out`` can't be written, or another conversion is writing to it.
        Cancelled: ``progress`` or ``watch`` raised it; what is finished stays.
    """
    template = NameTemplate.parse(options.names, keep_phi=options.keep_phi)
    secret = load_secret(options.secret)
    chosen = options.as_dict() | {"secret": secret_mark(secret)}
    with claimed_folder(out) as folder:
        workers = workers or usable_processors()
        intake = take_in(inputs, options.read, outside_of=folder, workers=workers, progress=progress)
        with open_journal(folder / OWN / JOURNAL, chosen) as journal:
            pseudonyms = Pseudonyms(secret)
            jobs = _jobs(intake, folder, journal, template, pseudonyms, options)
            results = {}
            # Closed before the folder is unlocked: no process works on after that.
            with closing(_run(jobs, workers, scheduler, progress, watch)) as done:
                for job, result in done:
                    if result.is_news:
                        journal.record(result.finished)
                    results[job.plan.id] = result
            left_over = _left_over(folder, journal, jobs)
        entries = tuple(_entries(intake, results, pseudonyms))
        kept = sum(result.is_kept for result in results.values())
        conversion = Conversion(entries, intake.files, chosen, kept, left_over)
        write_manifest(conversion.as_dict(), entries, left_over, folder)
    return conversion


def secret_mark(secret: Secret) -> str:
    """What tells one secret from another and does not give it away: pseudonyms of two must not be mixed."""
    from hashlib import sha256
    from hmac import digest

    return digest(secret.key, b"medseg-conversion", sha256).hex()[:16]


def _jobs(
    intake: Intake,
    folder: Path,
    journal: Journal,
    template: NameTemplate,
    pseudonyms: Pseudonyms,
    options: ConvertOptions,
) -> list[VolumeJob]:
    """One job a volume, the largest first, so that none is left to work alone at the end."""
    suffix = ".nii.gz" if options.compress else ".nii"
    earlier = {image.removesuffix(suffix): finished for image, finished in journal.finished.items()}
    taken: dict[str, VolumeKey | None] = {name: each.entry.key for name, each in earlier.items()}
    fields = _name_fields(intake, pseudonyms, keep_phi=template.needs_phi)
    names = [name.as_posix() for name in template.names(fields, taken)]
    jobs = [
        VolumeJob(
            plan=light(plan),
            key=of_name.key,
            out=folder,
            name=name,
            compress=options.compress,
            keep_phi=options.keep_phi,
            threads=1,
            earlier=earlier.get(name),
        )
        for plan, of_name, name in zip(intake.plans, fields, names, strict=True)
    ]
    return sorted(jobs, key=lambda job: -job.source_bytes)


def _name_fields(intake: Intake, pseudonyms: Pseudonyms, *, keep_phi: bool) -> list[NameFields]:
    try:
        return name_fields(intake.plans, pseudonyms, keep_phi=keep_phi)
    except UnreadableFileError as error:
        paths = {header.path for plan in intake.plans for header in plan.headers}
        raise UnreadableFileError(
            without_names(error.message, paths), hint=error.hint, reason="unreadable"
        ) from None


def _run(
    jobs: Sequence[VolumeJob], workers: int, scheduler: str | None, progress: Progress, watch: Watch
) -> Generator[tuple[VolumeJob, JobResult], None, None]:
    totals = len(jobs), sum(len(job.source_stamps) for job in jobs), sum(job.source_bytes for job in jobs)
    done = (0, 0, 0)
    watch(Tally(*zip(done, totals, strict=True)))
    with closing(_results(jobs, workers, scheduler, progress)) as results:
        for number, result in results:
            job = jobs[number]
            yield job, result or refused(job, "worker-died", _WORKER_DIED)
            done = done[0] + 1, done[1] + len(job.source_stamps), done[2] + job.source_bytes
            watch(Tally(*zip(done, totals, strict=True)))


_WORKER_DIED = (
    "the process that converted it was killed, as the system does when memory runs out; run again with "
    "fewer --jobs"
)


def _results(
    jobs: Sequence[VolumeJob], workers: int, scheduler: str | None, progress: Progress
) -> Generator[tuple[int, JobResult | None], None, None]:
    if scheduler is not None:
        from medseg.workflows.conversion.cluster import run_on_cluster

        return run_on_cluster(jobs, scheduler)
    threads = max(1, workers // max(1, len(jobs)))
    jobs = [replace(job, threads=threads) for job in jobs]
    if len(jobs) <= 1:  # here, for starting a process takes as long as a small volume
        return ((number, run_job(job, progress)) for number, job in enumerate(jobs))
    return run_in_processes(run_job, jobs, min(workers, len(jobs)))


def _entries(
    intake: Intake, results: dict[str, JobResult], pseudonyms: Pseudonyms
) -> Iterator[ManifestEntry]:
    """The manifest's entries in the order of the inventory, whatever order the work was done in."""
    for outcome in intake.outcomes:
        if isinstance(outcome, VolumePlan):
            entry = results[outcome.id].finished.entry
        else:
            entry = ManifestEntry(summarise(outcome), pseudonyms.key_of(outcome))
        yield replace(entry, shown=shown_message(outcome, entry.summary.message))
    yield from intake.unreadable


def _left_over(folder: Path, journal: Journal, jobs: Sequence[VolumeJob]) -> tuple[str, ...]:
    # Of a volume that is refused now, too: its place is known, and the refusal says what is wrong.
    current = {job.image for job in jobs}
    earlier: Mapping[str, Finished] = journal.finished
    return tuple(sorted(image for image in earlier if image not in current and (folder / image).exists()))
