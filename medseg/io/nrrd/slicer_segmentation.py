"""3D Slicer's segmentations, ``.seg.nrrd`` ↔ LabelMap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg.io.exchange import Incoming
from medseg.io.nrrd.damage import Damage, damage_named
from medseg.io.nrrd.file import NrrdFile, read_nrrd
from medseg.io.nrrd.geometry import geometry_notes
from medseg.io.nrrd.segments import Segments, segment_pairs, segments_of
from medseg.io.nrrd.write import write_nrrd
from medseg.labelmap import LabelMap, Structure, in_layers, labels_in

FORMAT = "3D Slicer segmentation"


def write_slicer_segmentation(label_map: LabelMap, path: Path, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write a label map so that Slicer opens it with its segments, overlapping ones too.

    No state of review is written: Slicer would carry it on over an edit.

    Args:
        label_map: Of any number of layers.
        path: ``*.seg.nrrd``; Slicer takes other names for images.
        overwrite: Whether a file that is there is replaced.

    Returns:
        What a reader should know, one sentence each.

    Raises:
        InputError: The path does not end in ``.nrrd``.
        OutputExistsError, OutputError: It can't be written.
    """
    pairs = segment_pairs(label_map)
    write_nrrd(label_map.layers, label_map.grid, path, pairs=pairs, overwrite=overwrite)
    return geometry_notes(label_map.grid)


def read_slicer_segmentation(path: Path) -> Incoming:
    """Read a segmentation that Slicer or :func:`write_slicer_segmentation` wrote.

    The voxels lie on the file's own grid: Slicer may have cut it out of the image's.

    Raises:
        MedsegError: As :func:`~medseg.io.nrrd.file.read_nrrd`; or segments that contradict the voxels.
    """
    file = read_nrrd(path)
    with damage_named(path):
        segments = segments_of(file.header.pairs)
        return incoming(file, segments, FORMAT)


def incoming(file: NrrdFile, segments: Segments, format_name: str) -> Incoming:
    """What an NRRD file says with the segments that its header names.

    Raises:
        Damage: A segment lies in a layer that is not there.
        LabelMapError: Two segments that are one, or a ``part_of`` in a circle.
    """
    for structure in segments.structures:
        if structure.layer >= len(file.layers):
            raise Damage(f"{structure.name} lies in layer {structure.layer} of {len(file.layers)}")
    structures, unnamed = _with_unnamed(file, segments.structures)
    label_map = LabelMap(file.grid, file.layers, structures)
    notes = [*file.notes, *segments.notes]
    if unnamed:
        notes.append(f"{unnamed} labels that no segment names became structures of their own")
    if not segments.with_layers and len(file.layers) > 1:
        before = len(label_map.layers)
        label_map = in_layers(file.grid, ((s, label_map.mask(s.id)) for s in label_map.structures))
        notes.append(f"{before} layers of one segment each became {len(label_map.layers)}")
    return Incoming(format_name, label_map.structures, label_map, notes=tuple(notes))


def _with_unnamed(file: NrrdFile, structures: tuple[Structure, ...]) -> tuple[tuple[Structure, ...], int]:
    """The structures, and one for each label that none of them explains."""
    known = {(s.layer, s.label) for s in structures}
    taken = {s.id for s in structures}
    added = []
    for layer, voxels in enumerate(file.layers):
        for label in labels_in(voxels):
            if (layer, label) not in known:
                name = f"label-{label}" if layer == 0 else f"label-{label}-layer-{layer}"
                added.append(Structure(name, f"Label {label}", label, layer=layer))
    clashing = {s.id for s in added} & taken
    added = [replace(s, id=f"unnamed-{s.id}") if s.id in clashing else s for s in added]
    return (*structures, *added), len(added)
