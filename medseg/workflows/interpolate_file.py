"""Complete a sparse file into a whole label map."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from medseg.contour import Slice
from medseg.interpolation import AUTO, Completion, uncertainty_map
from medseg.io.atomic import whole_file
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.write import write_voxels
from medseg.progress import Progress, silent
from medseg.workflows.interpolate import how_completed, remarks_on
from medseg.workflows.open_image import open_image
from medseg.workflows.save import save_label_map
from medseg.workflows.sparse_input import read_sparse


def interpolate_file(
    sparse: Path,
    out: Path,
    *,
    author: str,
    drawn: Sequence[Slice] | None = None,
    method: str = AUTO,
    image: Path | None = None,
    grid_of: Path | None = None,
    uncertainty: Path | None = None,
    progress: Progress = silent,
) -> tuple[LabelMapFiles, Completion]:
    """Complete a sparse label map or contours on disk and save the result, with its sidecars.

    Args:
        sparse: The label map or contours file; read only.
        out: The label map to write; never overwritten. It lies on the grid of a sparse label map.
        author: Printed name for the record.
        drawn: The slices of a label map that count; see
            :func:`~medseg.workflows.interpolate.interpolate_label_map`.
        method: One of :data:`~medseg.workflows.interpolate.METHOD_NAMES`.
        image: The image: a DICOM folder or a NIfTI file. It takes part where it is proven to help.
        grid_of: An image or label map on whose grid contours are completed.
        uncertainty: Where to write the chance of each voxel to be wrong, 0 to 1, as a NIfTI file of
            float32; never overwritten.
        progress: Called between the steps.

    Raises:
        InputError: A file is damaged, of another kind, or nothing says on which grid contours lie.
        GridMismatchError: The image lies on another grid.
        ContourError: The method can't take the drawn planes.
        OutputExistsError: ``out`` or ``uncertainty`` exists.
    """
    volume = open_image(image, progress=progress) if image else None
    given = read_sparse(sparse, drawn=drawn, image=volume, grid_of=grid_of, progress=progress)
    completion = given.complete(method, volume, progress)
    with ExitStack() as stack:
        if uncertainty is not None:
            temporary = stack.enter_context(whole_file(uncertainty))
            write_voxels(uncertainty_map(completion, progress=progress), given.grid, temporary)
        files = save_label_map(
            out,
            completion.label_map,
            grid=given.grid,
            source=given.source,
            contours=given.contours_of(completion),
            author=author,
            completed=how_completed(completion),
            notes=(*remarks_on(completion), *given.remarks_on(completion)),
            inputs=given.inputs,
        )
    return files, completion
