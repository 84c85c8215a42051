"""An image and a hint → a label map that a segmenter proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.assist.hint_region import region_around
from medseg.assist.proposing import how_proposed
from medseg.assist.proposing import propose as ask
from medseg.assist.registry import segmenter, usable
from medseg.assist.segmenter import BACKGROUND, Hints, Point, PointLps, Proposal, Sphere, Value
from medseg.contour import ContourSet
from medseg.errors import AssistError
from medseg.io.atomic import require_absent
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.image import nifti_source
from medseg.labelmap import LabelMap, Structure, in_layers, structure_id_for
from medseg.progress import Progress, silent
from medseg.provenance.step import StepInput
from medseg.space import Box, Grid
from medseg.volume import Volume
from medseg.workflows.delineate import model_of
from medseg.workflows.open_image import open_image
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.save import save_label_map

__all__ = ["Given", "propose", "propose_file", "segmenter", "usable"]


@dataclass(frozen=True)
class Given:
    """What a user gives a segmenter to go by.

    Attributes:
        points_lps_mm: Clicks within the structure.
        background_lps_mm: Clicks on what does not belong to it.
        sphere: A ball around it.
        rough: A label map with a rough delineation, its only structure.
        settings: Settings that are not the default, by name.
    """

    points_lps_mm: tuple[PointLps, ...] = ()
    background_lps_mm: tuple[PointLps, ...] = ()
    sphere: Sphere | None = None
    rough: LabelMap | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)

    def hints(self, structure_id: str, region: Box) -> Hints:
        """The same as hints on a structure in a region of the image."""
        points = [Point(each, structure_id) for each in self.points_lps_mm]
        points += [Point(each, BACKGROUND) for each in self.background_lps_mm]
        rough = {} if self.rough is None else {structure_id: _only(self.rough)[region]}
        return Hints(tuple(points), self.sphere, rough=rough)


def propose(
    volume: Volume,
    method: str,
    structure: Structure,
    given: Given,
    *,
    beside: LabelMap | None = None,
    progress: Progress = silent,
) -> tuple[LabelMap, Proposal]:
    """Let a segmenter propose one structure.

    Args:
        volume: The image.
        method: Name of the segmenter.
        structure: What is proposed.
        given: What there is to go by.
        beside: Structures that are there already and keep their voxels, on the image's grid; but a structure
            that the new one is part of gives it its own.
        progress: Called between the steps.

    Returns:
        A label map with the new structure beside those that were there, and the proposal.

    Raises:
        AssistError: No such segmenter, a hint is missing, or a setting is wrong.
        GridMismatchError: A label map does not lie on the image's grid.
        LabelMapError: There is a structure of this id already.
    """
    grid = volume.grid
    for label_map in (beside, given.rough):
        if label_map is not None:
            label_map.grid.require_same_as(grid, "label map beside a proposal")
    region = region_around(grid, given.sphere)
    proposal = ask(
        segmenter(method),
        volume,
        [structure.id],
        given.hints(structure.id, region),
        region=region,
        parameters=given.settings,
        taken=None if beside is None else _taken(beside, structure)[region],
        progress=progress,
    )
    mask = np.zeros(grid.shape_kji, dtype=bool)
    mask[proposal.region] = proposal.masks[structure.id]
    return _with(beside, structure, mask, grid), proposal


def propose_file(
    image: Path,
    out: Path,
    *,
    method: str,
    name: str,
    given: Given,
    rough: Path | None = None,
    beside: Path | None = None,
    part_of: str | None = None,
    author: str = "unnamed",
    progress: Progress = silent,
) -> tuple[LabelMapFiles, Proposal, Structure]:
    """Let a segmenter propose one structure of an image on disk, and save it with its record.

    Args:
        image: A DICOM folder or a NIfTI file.
        out: The label map to write; never overwritten.
        method: Name of the segmenter.
        name: What the structure is called.
        given: What there is to go by.
        rough: The file of a rough delineation.
        beside: A label map whose structures stand in the new one, too, and keep their voxels.
        part_of: Id of the structure in it that the new one is part of.
        author: Printed name for the record.
        progress: Called between the steps.

    Raises:
        AssistError, GridMismatchError, LabelMapError: As of :func:`propose`.
        InputError: A file can't be read.
        OutputExistsError: ``out`` is there.
    """
    require_absent(out)
    volume = open_image(image, progress=progress)
    opened = None if beside is None else open_label_map(beside)
    there = () if opened is None else opened.label_map.structures
    structure = Structure(
        structure_id_for(name, {each.id for each in there}),
        name,
        1 + max((each.label for each in there), default=0),
        part_of=part_of,
    )
    if rough is not None:
        given = Given(
            given.points_lps_mm,
            given.background_lps_mm,
            given.sphere,
            open_label_map(rough).label_map,
            given.settings,
        )
    label_map, proposal = propose(
        volume,
        method,
        structure,
        given,
        beside=None if opened is None else opened.label_map,
        progress=progress,
    )
    inputs = [*_inputs("rough delineation", rough), *_inputs("label map", beside)]
    made = proposal.method
    earlier = None if opened is None else opened.record
    files = save_label_map(
        out,
        label_map,
        grid=volume.grid,
        source=volume.source,
        contours=ContourSet() if opened is None else opened.contours,
        author=author,
        models={
            **({} if earlier is None else earlier.models),
            structure.id: model_of(made),
        },
        completed=None if earlier is None else earlier.completed,
        notes=(how_proposed(name, made, given.hints(structure.id, proposal.region)), *proposal.remarks),
        inputs=tuple(inputs),
        earlier=earlier,
    )
    return files, proposal, structure


def _inputs(what: str, path: Path | None) -> list[StepInput]:
    if path is None:
        return []
    itself = nifti_source(path)
    return [StepInput(what, itself.format, file.sha256) for file in itself.files]


def _only(rough: LabelMap) -> npt.NDArray[np.bool_]:
    if len(rough.structures) != 1:
        raise AssistError(
            f"expected a rough delineation of one structure, got {len(rough.structures)}",
            hint="name a label map that holds nothing else",
            reason="several-rough",
        )
    return rough.mask(rough.structures[0].id)


def _taken(beside: LabelMap, structure: Structure) -> npt.NDArray[np.bool_]:
    """All that has a label, but for what the new structure is part of."""
    taken = np.zeros(beside.grid.shape_kji, dtype=bool)
    for each in beside.structures:
        if each.id != structure.part_of:
            taken |= beside.mask(each.id)
    return taken


def _with(beside: LabelMap | None, structure: Structure, mask: npt.NDArray[np.bool_], grid: Grid) -> LabelMap:
    if beside is None:
        return in_layers(grid, [(structure, mask)])
    there = ((each, beside.mask(each.id) & ~mask) for each in beside.structures)
    return in_layers(grid, [*there, (structure, mask)])
