"""Files that hold what was drawn on a few planes: sparse label maps and contours files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg.contour import Contour, ContourSet, Origin, Slice, trace_slice
from medseg.errors import InputError
from medseg.interpolation import Completion, interpolate
from medseg.io.contours_file import SCHEMA as CONTOURS_FORMAT
from medseg.io.contours_file import read_contours
from medseg.io.existence import require_there
from medseg.io.file_digest import file_sha256
from medseg.io.label_map_files import NIFTI_SUFFIXES, LabelMapFiles
from medseg.io.nifti.image import nifti_source
from medseg.io.nifti.label_map import read_label_map
from medseg.io.provenance_file import read_earlier_record
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import LabelMap, Structure
from medseg.progress import Progress, silent
from medseg.provenance.step import StepInput
from medseg.space import Grid
from medseg.volume import Source, Volume
from medseg.workflows.interpolate import cut, interpolate_label_map
from medseg.workflows.open_image import open_image

CONTOURS_SUFFIX = "_contours.json"


@dataclass(frozen=True, eq=False)
class SparseLabelMap:
    """A label map in which only some slices are meaningful.

    Attributes:
        label_map: What the file holds.
        slices: The slices that count; None for each structure's own axial ones.
        source: The image that it was drawn on, as far as that is known; else the file.
        inputs: The file as the record names it.
    """

    label_map: LabelMap
    slices: tuple[Slice, ...] | None
    source: Source
    inputs: tuple[StepInput, ...] = ()

    @property
    def grid(self) -> Grid:
        """The grid of the label map."""
        return self.label_map.grid

    def complete(self, method: str, image: Volume | None, progress: Progress) -> Completion:
        """Complete it."""
        return interpolate_label_map(
            self.label_map, drawn=self.slices, method=method, image=image, progress=progress
        )

    def contours_of(self, completion: Completion) -> ContourSet:
        """What was drawn, traced from the voxels."""
        traced: list[Contour] = []
        for structure_id, one in completion.structures.items():
            for where in one.drawn.masks:
                if isinstance(where, Slice):
                    mask = cut(self.label_map.mask_with_parts(structure_id), where)
                    traced += trace_slice(mask, self.grid, where, structure_id, Origin.IMPORTED)
        return ContourSet(tuple(traced))

    def remarks_on(self, completion: Completion) -> tuple[str, ...]:
        """The slices on which a structure is known not to be: they shape the result, and no contour tells."""
        return tuple(
            f"{self.label_map.structure(structure_id).name}: drawn as absent on {where}"
            for structure_id, one in completion.structures.items()
            for where, mask in one.drawn.masks.items()
            if not mask.any()
        )


@dataclass(frozen=True, eq=False)
class SparseContours:
    """Contours on any planes.

    Attributes:
        contours: What the file holds, in its order: the later of two that contradict each other counts.
        grid: The grid that they are completed on.
        structures: What they name.
        source: The image or label map that the grid came from.
        inputs: The file of contours as the record names it.
    """

    contours: ContourSet
    grid: Grid
    structures: tuple[Structure, ...]
    source: Source
    inputs: tuple[StepInput, ...] = ()

    def complete(self, method: str, image: Volume | None, progress: Progress) -> Completion:
        """Complete them."""
        return interpolate(
            self.contours, self.grid, self.structures, method=method, image=image, progress=progress
        )

    def contours_of(self, _completion: Completion) -> ContourSet:
        """What was drawn."""
        return self.contours

    def remarks_on(self, _completion: Completion) -> tuple[str, ...]:
        """Nothing more."""
        return ()


def read_sparse(
    path: Path,
    *,
    drawn: Sequence[Slice] | None = None,
    image: Volume | None = None,
    grid_of: Path | None = None,
    progress: Progress = silent,
) -> SparseLabelMap | SparseContours:
    """Read what was drawn.

    Args:
        path: A label map (``.nii``, ``.nii.gz``) or a contours file (``.json``).
        drawn: The slices of a label map that count.
        image: The image, if there is one: contours are completed on its grid.
        grid_of: An image or label map on whose grid contours are completed. Without it and without an
            image it is the label map that the contours were saved with, beside them.
        progress: Called before each file of a series.

    Raises:
        InputError: The file is of neither kind, is damaged, or nothing says on which grid contours lie.
    """
    require_there(path)
    if path.name.endswith(NIFTI_SUFFIXES):
        slices = tuple(drawn) if drawn is not None else None
        itself = nifti_source(path)
        inputs = tuple(StepInput("sparse label map", itself.format, file.sha256) for file in itself.files)
        return SparseLabelMap(read_label_map(path), slices, drawn_on(path, image), inputs)
    if not path.name.endswith(".json"):
        raise InputError(
            f"expected a label map (.nii.gz, .nii) or a contours file (.json), got {path.name}",
            reason="no-sparse-input",
        )
    if drawn is not None:
        raise InputError(
            "a contours file says itself which planes were drawn",
            hint="leave out --drawn",
            reason="drawn-with-contours",
        )
    contours = read_contours(path)
    inputs = (StepInput("contours", CONTOURS_FORMAT, file_sha256(path)),)
    if grid_of is not None:
        image = open_image(grid_of, progress=progress)
    if image is None:
        beside = _label_map_beside(path)
        grid, source = read_label_map(beside).grid, drawn_on(beside, None)
        return SparseContours(contours, grid, _structures_of(contours, path), source, inputs)
    return SparseContours(contours, image.grid, _structures_of(contours, path), image.source, inputs)


def drawn_on(label_map: Path, image: Volume | None) -> Source:
    """The image that a label map was drawn on: the one given, the one it names, or else the file itself."""
    if image is not None:
        return image.source
    record = read_earlier_record(LabelMapFiles(label_map).provenance)
    return nifti_source(label_map) if record is None else record.source


def _label_map_beside(path: Path) -> Path:
    stem = path.name.removesuffix(CONTOURS_SUFFIX)
    for suffix in NIFTI_SUFFIXES:
        beside = path.with_name(f"{stem}{suffix}")
        if path.name.endswith(CONTOURS_SUFFIX) and beside.exists():
            return beside
    raise InputError(
        f"nothing says on which grid the contours of {path.name} are to be completed",
        hint="name the image with --image, or an image or label map of the same grid with --grid",
        reason="no-grid",
    )


def _structures_of(contours: ContourSet, path: Path) -> tuple[Structure, ...]:
    """The structures of the table beside a contours file; those that it lacks are named by their ids."""
    table = path.with_name(f"{path.name.removesuffix(CONTOURS_SUFFIX)}.tsv")
    known = read_structure_table(table) if table.exists() else ()
    ids = {structure.id for structure in known}
    free = (label for label in range(1, 2**16) if label not in {structure.label for structure in known})
    unknown = [structure_id for structure_id in contours.structure_ids if structure_id not in ids]
    return (*known, *(Structure(one, one, label) for one, label in zip(unknown, free, strict=False)))
