"""Import structures from a file of another program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Slice, by_placement, voxels_of
from medseg.contour.settling import settle_on_slices
from medseg.errors import GridMismatchError, InputError
from medseg.io.exchange import Incoming
from medseg.io.existence import require_file
from medseg.io.file_digest import file_sha256
from medseg.io.label_map_files import LabelMapFiles
from medseg.labelmap import LabelMap, Regridded, Structure, fill, in_layers, put_on_grid
from medseg.progress import Progress, silent
from medseg.provenance import step
from medseg.provenance.step import Step
from medseg.space import Grid
from medseg.volume import Source, Volume
from medseg.workflows.exchange.formats import FORMATS, format_named, format_to_read
from medseg.workflows.exchange.readers import Reading
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map

__all__ = [
    "IMPORT_FORMATS",
    "Imported",
    "Reading",
    "Step",
    "import_label_map",
    "import_steps",
    "read_structures",
]

IMPORT_FORMATS = {one.name: one.title for one in FORMATS if one.read}
"""What ``--from`` offers, and what each is."""

AS_THE_FILE_SAYS = Reading()


@dataclass(frozen=True, eq=False)
class Imported:
    """Structures of another program's file, on the grid of an image.

    Attributes:
        format: Name of the format that they came in.
        label_map: Structures as voxels.
        contours: Contours in patient mm, where the file holds them.
        source: The image.
        author: Who made them, where the file says so.
        resampled: What resampling did, one sentence each; empty where none was needed.
        notes: What was left out, assumed or changed on the way, resampling included, one sentence each.
        sha256: Digest of the file that was read.
    """

    format: str
    label_map: LabelMap
    contours: ContourSet
    source: Source
    author: str
    resampled: tuple[str, ...]
    notes: tuple[str, ...]
    sha256: str


def read_structures(
    path: Path | str,
    *,
    image: Volume | None = None,
    resample: bool = False,
    from_format: str | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> Imported:
    """Read structures from a file of another program, on the grid of an image.

    Args:
        path: The file: DICOM SEG or RT structure set, a segmentation of 3D Slicer, NRRD or NIfTI.
        image: The image that they were drawn on. Without it voxels stay on the grid of the file; contours
            have none.
        resample: Whether voxels on another grid are resampled with nearest neighbour, rather than refused.
        from_format: One of :data:`IMPORT_FORMATS`; by default what the file's name and content say.
        reading: What the file does not say itself.

    Raises:
        InputError: The file is damaged or of no format that is read, or contours came without an image.
        GridMismatchError: The voxels lie on another grid than the image, in another frame of reference, or
            outside of it.
        ContourError: A contour lies beyond the image.
    """
    path = Path(path)
    require_file(path)
    source_format = format_named(from_format) if from_format else format_to_read(path)
    if source_format.read is None:
        raise InputError(f"{source_format.title} is written, not read", reason="format")
    incoming = source_format.read(path, reading)
    _require_same_space(incoming, image)
    if image is not None:
        incoming = _settled(incoming, image.grid)
    put = _put(incoming, path.name, image, resample=resample)
    return Imported(
        incoming.format,
        put.label_map,
        incoming.contours,
        image.source if image else incoming.source,
        incoming.author,
        resampled=put.notes if put.resampled else (),
        notes=(*incoming.notes, *_other_series(incoming.source, image), *put.notes),
        sha256=file_sha256(path),
    )


def _put(incoming: Incoming, name: str, image: Volume | None, *, resample: bool) -> Regridded:
    """What came in, as voxels on the image's grid; without an image on the file's own."""
    if incoming.label_map is not None:
        grid = image.grid if image else incoming.label_map.grid
        return put_on_grid(incoming.label_map, grid, resample=resample)
    if image is None:
        raise InputError(
            f"{name} holds contours, which need the image that they were drawn on",
            hint="name it with --image",
            reason="needs-image",
        )
    label_map = filled(incoming.contours, image.grid, incoming.structures)
    return Regridded(label_map, resampled=False, notes=tuple(_sparse(incoming, image.grid)))


def import_steps(imported: Imported, *, author: str, at: datetime) -> tuple[Step, ...]:
    """What the record of a label map tells about an import.

    Args:
        imported: What was read.
        author: Printed name of who imported it.
        at: When, with the time zone.
    """
    steps = [step.imported(author, at, format=imported.format, sha256=imported.sha256, notes=imported.notes)]
    if imported.resampled:
        steps.append(step.resampled(author, at, from_voxels_sha256=None, notes=imported.resampled))
    return tuple(steps)


def import_label_map(
    path: Path | str,
    out: Path | str,
    *,
    image: Path | str | None = None,
    resample: bool = False,
    from_format: str | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
    author: str | None = None,
    progress: Progress = silent,
) -> tuple[LabelMapFiles, Imported]:
    """Import structures from a file of another program and save them, with their sidecars.

    Args:
        path: The file; read only.
        out: The label map to write; never overwritten.
        image: The image that they were drawn on: a DICOM folder or a NIfTI file.
        resample: Whether voxels on another grid are resampled with nearest neighbour, rather than refused.
        from_format: One of :data:`IMPORT_FORMATS`; by default what the file's name and content say.
        reading: What the file does not say itself.
        author: Printed name for the record; by default who the file names.
        progress: Called between the steps.

    Raises:
        MedsegError: As :func:`read_structures`, and as :func:`~medseg.workflows.save.save_label_map`.
    """
    volume = open_image(image, progress=progress) if image else None
    imported = read_structures(
        path, image=volume, resample=resample, from_format=from_format, reading=reading
    )
    by = author or imported.author or "unknown"
    files = save_label_map(
        out,
        imported.label_map,
        grid=imported.label_map.grid,
        source=imported.source,
        contours=imported.contours,
        author=by,
        notes=imported.notes,
        steps=import_steps(imported, author=by, at=datetime.now().astimezone()),
    )
    return files, imported


def filled(contours: ContourSet, grid: Grid, structures: Sequence[Structure]) -> LabelMap:
    """Contours as voxels, each structure whole: those that overlap lie in layers of their own.

    Raises:
        ContourError: A contour lies beyond the first or the last slice of the grid.
    """
    return in_layers(grid, ((s, _mask_of(contours.of(s.id), grid)) for s in structures))


def _mask_of(contours: ContourSet, grid: Grid) -> npt.NDArray[np.bool_]:
    mask = np.zeros(grid.shape_kji, dtype=bool)
    for where, group in by_placement(contours, grid).items():
        mask[tuple(voxels_of(where, fill(group, grid, where), grid.shape_kji).T)] = True
    return mask


def _settled(incoming: Incoming, grid: Grid) -> Incoming:
    """With the contours on the slices that they were meant for, where another program rounded places."""
    contours: list[Contour] = []
    notes = list(incoming.notes)
    for structure in incoming.structures:
        settled, moved_mm = settle_on_slices(incoming.contours.of(structure.id), grid)
        contours += settled
        if moved_mm:
            told = f"contours lay up to {moved_mm:.2g} mm off their slices and were put on them"
            notes.append(f"{structure.name}: {told}")
    return replace(incoming, contours=ContourSet(tuple(contours)), notes=tuple(notes))


def _sparse(incoming: Incoming, grid: Grid) -> Iterator[str]:
    """Tell of each structure between whose contours slices are empty."""
    for structure in incoming.structures:
        placements = by_placement(incoming.contours.of(structure.id), grid)
        for axis, name in enumerate("kji"):
            drawn = {p.index for p in placements if isinstance(p, Slice) and p.axis == axis}
            between = max(drawn) - min(drawn) + 1 if drawn else 0
            if between > len(drawn):
                yield (
                    f"{structure.name}: contours on {len(drawn)} of {between} slices along {name}; "
                    "medseg interpolate completes it"
                )


def _require_same_space(incoming: Incoming, image: Volume | None) -> None:
    found = incoming.frame_of_reference_uid
    expected = image.grid.frame_of_reference_uid if image else None
    if found and expected and found != expected:
        raise GridMismatchError(
            "the structures and the image count their positions from different origins (frames of reference)",
            hint="take the image that they were drawn on",
            reason="other-frame-of-reference",
        )


def _other_series(source: Source, image: Volume | None) -> tuple[str, ...]:
    expected = image.source.series_uid if image else None
    if source.series_uid and expected and source.series_uid != expected:
        return ("the file names another series than the image, in the same frame of reference",)
    return ()
