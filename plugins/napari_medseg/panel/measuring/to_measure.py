"""What is measured: a structure as it stands at one moment, with all that is proposed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from medseg.labelmap import LabelMap
from medseg.measurement.families import Family, MeasureOptions
from medseg.measurement.measure import measure_structure
from medseg.measurement.structures import StructureMeasurements
from medseg.progress import Progress, silent
from medseg.space import Box, Grid, box_grown, box_of
from medseg.volume import Quantity, Volume
from medseg.volume.resampled import Order, ResampledSlices
from medseg.workflows.delineate import Proposal

AT_A_GLANCE = frozenset({Family.SHAPE, Family.DIAMETERS, Family.INTENSITY, Family.UPTAKE})
"""What is worked out after each change; the others take longer, and only where all numbers are shown."""

EVERYTHING = frozenset(Family)

OF_THE_IMAGE = frozenset({Family.INTENSITY, Family.UPTAKE})

WITHOUT_VALUE = "voxels_without_value"
"""The parameter of intensities that tells it."""

REACH_MM = 15.0
"""How far around a structure its image is looked at: a peak is the mean of a ball of 1 cm³, radius 6.2 mm."""


@dataclass(frozen=True, eq=False)
class ToMeasure:
    """One structure to measure; whoever draws on changes nothing of it.

    Attributes:
        proposal: The structures, with what is proposed between the contours.
        structure_id: Which one.
        image: The image that its intensities are taken from, on any grid of the same patient space.
        image_name: What people call the image.
        families: What is measured.
    """

    proposal: Proposal
    structure_id: str
    image: Volume
    image_name: str
    families: frozenset[Family] = AT_A_GLANCE

    def is_same_as(self, other: ToMeasure | None) -> bool:
        """Whether the same numbers would come out."""
        return (
            other is not None
            and other.proposal is self.proposal
            and other.image is self.image
            and (other.structure_id, other.families) == (self.structure_id, self.families)
        )

    @property
    def open_slices(self) -> int:
        """On how many slices it is only proposed."""
        return len(self.proposal.open_slices.get(self.structure_id, ()))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the structures that lie in it without being part of it: their voxels don't count."""
        pairs = (pair for one in self.proposal.completions for pair in one.nested)
        inside = [inner for inner, outer in pairs if outer == self.structure_id]
        return tuple(self.proposal.delineation.structure(inner).name for inner in inside)


@dataclass(frozen=True, eq=False)
class Numbers:
    """What was measured of a structure.

    Attributes:
        of: What was measured.
        measurements: The numbers.
    """

    of: ToMeasure
    measurements: StructureMeasurements

    @property
    def without_value(self) -> int:
        """How many of its voxels have no value, because the image does not reach there."""
        told = (dict(one.parameters).get(WITHOUT_VALUE, 0) for one in self.measurements.measured)
        return max((int(count) for count in told), default=0)


def measured(what: ToMeasure) -> Numbers:
    """Measure a structure as ``medseg measure`` does the file in which all of the proposal is accepted.

    An image on another grid is looked up at the structure's voxels: an image of SUV in its nearest voxel,
    because between two voxels the maximum is lower than what was measured, any other one linearly.

    Raises:
        MedsegError: As :func:`~medseg.measurement.measure.measure_structure`.
    """
    label_map, image = label_map_of(what.proposal), what.image
    if image.grid.is_same_as(label_map.grid):
        return Numbers(
            what, measure_structure(label_map, what.structure_id, image, MeasureOptions(what.families))
        )
    of_voxels = measure_structure(
        label_map, what.structure_id, None, MeasureOptions(what.families - OF_THE_IMAGE)
    )
    of_image = measure_structure(*_cut_out(label_map, what), MeasureOptions(what.families & OF_THE_IMAGE))
    return Numbers(what, replace(of_voxels, measured=(*of_voxels.measured, *of_image.measured)))


def measured_all(what: Sequence[ToMeasure], progress: Progress = silent) -> tuple[Numbers, ...]:
    """Measure one structure after the other.

    Args:
        what: The structures.
        progress: Told before each; what it raises ends the work.
    """
    numbers = []
    for count, one in enumerate(what):
        progress("Measuring", count, len(what))
        numbers.append(measured(one))
    return tuple(numbers)


def label_map_of(proposal: Proposal) -> LabelMap:
    """The voxels of all structures, those that are only proposed among them."""
    layers = [one.label_map.voxels for one in proposal.completions]
    return LabelMap.painted(proposal.grid, layers, proposal.delineation.structures)


def _cut_out(label_map: LabelMap, what: ToMeasure) -> tuple[LabelMap, str, Volume]:
    """The part of a label map around a structure, and the image there; without a value beyond the image."""
    image, structure_id = what.image, what.structure_id
    box = _around(box_of(label_map.mask_with_parts(structure_id)), label_map.grid)
    here = label_map.grid.within(box)
    if image.quantity is Quantity.SUVBW:
        as_float = replace(image, voxels=image.voxels.astype(np.float32, copy=False))
        values = ResampledSlices(as_float, here, order=Order.NEAREST, outside=np.nan)
    else:
        values = ResampledSlices(image, here, order=Order.LINEAR, outside=np.nan)
    layers = [layer[box] for layer in label_map.layers]
    cut = LabelMap.painted(here, layers, label_map.structures)
    return cut, structure_id, Volume(here, np.asarray(values), image.quantity, image.source)


def _around(box: Box | None, grid: Grid) -> Box:
    """A box with some more voxels around it; one voxel where there is none."""
    if box is None:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    # Slices of a sheared grid lie closer together than its steps are long.
    apart_mm = 1 / np.linalg.norm(grid.lps_mm_to_index[:3, :3], axis=1)
    return box_grown(box, [int(n) for n in np.ceil(REACH_MM / apart_mm)], grid.shape_kji)
