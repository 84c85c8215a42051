"""Measure the structures of a label map: all families at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from medseg.labelmap import LabelMap
from medseg.measurement.families import DEFAULT, Family, MeasureOptions
from medseg.measurement.measured import Measured
from medseg.measurement.separation import separations, usual_pairs
from medseg.measurement.structures import StructureMeasurements, StructureVoxels, voxels_of, voxels_of_each
from medseg.progress import Progress, silent
from medseg.volume import Quantity, Volume


def measure_structure(
    label_map: LabelMap,
    structure_id: str,
    volume: Volume | None = None,
    options: MeasureOptions = DEFAULT,
) -> StructureMeasurements:
    """Measure one structure with all that is part of it.

    Args:
        label_map: On any grid: oblique, anisotropic, flipped or sheared.
        structure_id: Which structure.
        volume: The image, on the label map's grid; without one intensities and uptake are left out. Uptake is
            left out, too, where it is not an image of SUV.
        options: Which families, and how.

    Returns:
        Its numbers. Of a structure without voxels volumes are 0, and what has no value there is None.

    Raises:
        LabelMapError: There is no such structure.
        GridMismatchError: The image lies on another grid.
    """
    _require_on_grid(label_map, volume)
    voxels = voxels_of(label_map, structure_id)
    apart: Mapping[str, tuple[Measured, ...]] = {}
    if Family.SEPARATION in options.families:
        pairs = options.pairs if options.pairs is not None else usual_pairs(label_map, structure_id)
        apart = separations(label_map, (pair for pair in pairs if pair[0] == structure_id))
    return _of(voxels, volume, options, apart)


def measure(
    label_map: LabelMap,
    volume: Volume | None = None,
    options: MeasureOptions = DEFAULT,
    *,
    progress: Progress = silent,
) -> tuple[StructureMeasurements, ...]:
    """Measure every structure of a label map; as :func:`measure_structure`, but in one pass over the voxels.

    Args:
        label_map: On any grid.
        volume: The image, on the label map's grid, or None.
        options: Which families, and how.
        progress: Called before each structure.

    Raises:
        GridMismatchError: The image lies on another grid.
        LabelMapError, ValueError: A pair of structures of which there is no distance.
    """
    _require_on_grid(label_map, volume)
    apart: Mapping[str, tuple[Measured, ...]] = {}
    if Family.SEPARATION in options.families:
        apart = separations(label_map, options.pairs)
    found = []
    for number, voxels in enumerate(voxels_of_each(label_map)):
        progress(voxels.structure.name, number, len(label_map.structures))
        found.append(_of(voxels, volume, options, apart))
    return tuple(found)


def _require_on_grid(label_map: LabelMap, volume: Volume | None) -> None:
    if volume is not None:
        volume.grid.require_same_as(label_map.grid, "image and label map")


def _of(
    voxels: StructureVoxels,
    volume: Volume | None,
    options: MeasureOptions,
    apart: Mapping[str, tuple[Measured, ...]],
) -> StructureMeasurements:
    measured: list[Measured] = []
    for family, of_voxels in _OF_VOXELS.items():
        if family in options.families:
            measured += of_voxels(voxels, options)
    if volume is not None:
        mesh = next((one.value for one in measured if one.concept == "volume-mesh"), None)
        measured += _of_image(voxels, volume, options, mesh)
    measured += apart.get(voxels.structure.id, ())
    return StructureMeasurements(voxels.structure, tuple(measured))


def _shape(voxels: StructureVoxels, _options: MeasureOptions) -> tuple[Measured, ...]:
    from medseg.measurement.shape import morphology

    return morphology(voxels.mask, voxels.grid)


def _diameters(voxels: StructureVoxels, options: MeasureOptions) -> Iterator[Measured]:
    from medseg.measurement.diameter import longest, longest_in_plane

    in_plane = longest_in_plane(voxels.mask, voxels.grid, options.slice_axis)
    for measured in (in_plane.longest, in_plane.perpendicular, longest(voxels.mask, voxels.grid)):
        yield _in_whole(measured, voxels)


def _in_whole(measured: Measured, voxels: StructureVoxels) -> Measured:
    """With the slice counted in the label map, not in the structure's box."""
    line = measured.line
    if line is None or line.slice_axis is None or line.slice_index is None:
        return measured
    index = line.slice_index + voxels.box[line.slice_axis].start
    return replace(measured, line=replace(line, slice_index=index))


def _irregularity(voxels: StructureVoxels, _options: MeasureOptions) -> tuple[Measured, ...]:
    from medseg.measurement.irregularity import irregularity

    return irregularity(voxels.mask, voxels.grid)


_OF_VOXELS: Mapping[Family, Callable[[StructureVoxels, MeasureOptions], Iterable[Measured]]] = {
    Family.SHAPE: _shape,
    Family.DIAMETERS: _diameters,
    Family.IRREGULARITY: _irregularity,
}
"""What needs no image, in the order of the table."""


def _of_image(
    voxels: StructureVoxels, volume: Volume, options: MeasureOptions, mesh_mm3: float | None
) -> Iterator[Measured]:
    from medseg.measurement.intensity import intensity
    from medseg.measurement.uptake import uptake

    if Family.INTENSITY in options.families:
        yield from intensity(voxels.mask, volume, voxels.box, volume_mesh_mm3=mesh_mm3)
    if Family.UPTAKE in options.families and volume.quantity is Quantity.SUVBW:
        yield from uptake(voxels.mask, volume, options.suv_threshold, box=voxels.box)
