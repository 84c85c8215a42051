"""Measure a label map: sizes, shapes, intensities, uptake and distances of its structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError, InputError, LabelMapError
from medseg.io.measurements_csv import write_measurements_csv
from medseg.labelmap import LabelMap, ancestors
from medseg.measurement.concepts import CONCEPTS, Concept
from medseg.measurement.families import DEFAULT, OF_SUV_MAX, Family, MeasureOptions, SuvThreshold
from medseg.measurement.measure import measure as measure_all
from medseg.measurement.measure import measure_structure
from medseg.measurement.measured import Line, Measured
from medseg.measurement.structures import StructureMeasurements, concept_of, unit_of, voxels_of_each
from medseg.progress import Progress, silent
from medseg.space import FLOAT32_TOLERANCE_MM, Grid, box_around, box_grown
from medseg.volume import Quantity, Volume
from medseg.volume.resampled import Order, ResampledSlices
from medseg.workflows.exchange.request import ExportRequest
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.registered import Fit, fit_of

__all__ = [
    "CONCEPTS",
    "OF_SUV_MAX",
    "Concept",
    "Family",
    "Line",
    "MeasureOptions",
    "Measured",
    "Order",
    "Quantity",
    "StructureMeasurements",
    "SuvThreshold",
    "concept_of",
    "measure",
    "measure_structure",
    "save_csv",
    "save_report",
    "unit_of",
]

BALL_REACH_MM = 7.0
"""An intensity peak looks 6.2 mm around a structure's voxels."""


def measure(
    label_map: LabelMap | Path | str,
    image: Volume | Path | str | None = None,
    options: MeasureOptions = DEFAULT,
    *,
    series_uid: str | None = None,
    quantity: Quantity | None = None,
    resample: Order | None = None,
    progress: Progress = silent,
) -> tuple[StructureMeasurements, ...]:
    """Measure every structure of a label map.

    Args:
        label_map: A label map, or its file.
        image: The image: a volume, a DICOM folder or a NIfTI file; without one intensities and uptake are
            left out.
        options: Which families, and how.
        series_uid: Which series, where the image's folder holds several.
        quantity: What the values of the image are, where its format does not say: of NIfTI.
        resample: How the values of an image on another grid are made on the label map's; None refuses it.
        progress: Called before each structure, and before each file of a series.

    Returns:
        The numbers of each structure, in the order of the table. A structure takes its parts in.

    Raises:
        InputError: A file can't be read, or the image says itself that its values are something else.
        GridMismatchError: The image lies on another grid, and nobody said how to resample it; or in another
            frame of reference.
        LabelMapError: A pair of structures of which there is no distance.
    """
    if not isinstance(label_map, LabelMap):
        label_map = open_label_map(label_map).label_map
    options = _with_ordered_pairs(options, label_map)
    if image is not None and not isinstance(image, Volume):
        image = open_image(image, series_uid=series_uid, progress=progress)
    if image is not None:
        image = _on_grid(of_quantity(image, quantity), label_map, resample)
    return measure_all(label_map, image, options, progress=progress)


def save_csv(
    measurements: Sequence[StructureMeasurements], path: Path | str, *, overwrite: bool = False
) -> None:
    """Write measurements as a table, one row a number.

    Raises:
        OutputExistsError, OutputError: It can't be written.
    """
    write_measurements_csv(measurements, Path(path), overwrite=overwrite)


def save_report(
    measurements: Sequence[StructureMeasurements],
    path: Path | str,
    label_map: Path | str,
    *,
    series: Path | str,
    series_uid: str | None = None,
    segmentation: Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Write measurements as a DICOM SR (TID 1500) of the series that the label map was drawn on.

    Args:
        measurements: Of the structures of the label map.
        path: The file.
        label_map: The label map, with its record where it has one.
        series: The DICOM folder of the series.
        series_uid: Which series, where that folder holds several.
        segmentation: A DICOM SEG of the label map, to whose segments the report then refers.
        overwrite: Whether a file that is there is replaced.
        progress: Called before each file of the series.

    Returns:
        What was left out or assumed, one sentence each.

    Raises:
        InputError: No DICOM series, another one than the one of the record, or a damaged file.
        GridMismatchError: The label map does not lie on its grid.
        OutputExistsError, OutputError: It can't be written.
    """
    from medseg.io.dicom_sr.write import write_measurement_report
    from medseg.io.label_map_files import LabelMapFiles

    request = ExportRequest(
        LabelMapFiles(Path(label_map)),
        Path(path),
        image=Path(series),
        series_uid=series_uid,
        progress=progress,
    )
    return write_measurement_report(
        measurements,
        request.outgoing,
        request.reference,
        Path(path),
        segmentation=Path(segmentation) if segmentation else None,
        overwrite=overwrite,
    )


def _with_ordered_pairs(options: MeasureOptions, label_map: LabelMap) -> MeasureOptions:
    """Pairs of structures that are there, a part before its whole."""
    if options.pairs is None:
        return options
    by_id = {structure.id: structure for structure in label_map.structures}
    pairs = []
    for first, second in options.pairs:
        whole = ancestors(label_map.structure(second), by_id)
        if label_map.structure(first).id == second:
            raise LabelMapError(f"expected two structures, got {first!r} twice", reason="same-structure")
        pairs.append((second, first) if first in whole else (first, second))
    return replace(options, pairs=tuple(pairs))


def of_quantity(image: Volume, quantity: Quantity | None) -> Volume:
    """Say what the values of an image are, where its format does not.

    Raises:
        InputError: The image says itself that they are something else.
    """
    if quantity is None or quantity is image.quantity:
        return image
    if image.quantity is not Quantity.ARBITRARY:
        raise InputError(
            f"expected values of {quantity}, but the image says that they are {image.quantity}",
            hint="a quantity is named for images whose format does not say it: NIfTI",
            reason="other-quantity",
        )
    return replace(image, quantity=quantity)


def _on_grid(image: Volume, label_map: LabelMap, resample: Order | None) -> Volume:
    if image.grid.is_same_as(label_map.grid, FLOAT32_TOLERANCE_MM):
        return image
    if fit_of(image.grid, label_map.grid) is Fit.OTHER:
        raise GridMismatchError(
            "the image lies in another frame of reference than the label map",
            hint="register the two first; then both name one frame of reference",
            reason="other-frame-of-reference",
        )
    if resample is None:
        raise GridMismatchError(
            f"expected an image on the label map's grid, of {label_map.grid.shape_kji} voxels (k, j, i), "
            f"found {image.grid.shape_kji} voxels or other places",
            hint="name the image that was drawn on, or resample this one to the label map's grid: linear, or "
            "nearest, which leaves values as they were measured",
            reason="other-grid",
        )
    return _resampled(image, label_map, resample)


def _resampled(image: Volume, label_map: LabelMap, order: Order) -> Volume:
    """The image on the label map's grid around its structures; without a value elsewhere and beyond it."""
    grid = label_map.grid
    voxels: npt.NDArray[Any] = np.full(grid.shape_kji, np.nan, np.float32)
    box = box_around([one.box for one in voxels_of_each(label_map) if not one.is_empty])
    box = box_grown(box, _reach(grid), grid.shape_kji)
    with_nothing = replace(image, voxels=image.voxels.astype(np.float32))
    if all(side.stop > side.start for side in box):
        voxels[box] = np.asarray(
            ResampledSlices(with_nothing, grid.within(box), order=order, outside=float("nan"))
        )
    how = f"The image was resampled to the grid of the label map ({order.name.lower()})."
    return replace(image, grid=grid, voxels=voxels, warnings=(*image.warnings, how))


def _reach(grid: Grid) -> list[int]:
    # The rows of the inverse are normal to the planes of constant index.
    per_mm = np.linalg.norm(grid.lps_mm_to_index[:3, :3], axis=1)
    return [int(n) for n in np.ceil(BALL_REACH_MM * per_mm)]
