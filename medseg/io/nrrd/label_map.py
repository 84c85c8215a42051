"""Plain NRRD label maps ↔ LabelMap.

A plain NRRD holds labels and nothing else. What they mean lies beside it, as for NIfTI: the structure table
``tumour.tsv`` of ``tumour.nrrd``.
"""

from __future__ import annotations

from pathlib import Path

from medseg.errors import LabelMapError
from medseg.io.exchange import Incoming
from medseg.io.nrrd.damage import damage_named
from medseg.io.nrrd.file import NrrdFile, read_nrrd
from medseg.io.nrrd.geometry import geometry_notes
from medseg.io.nrrd.segments import segments_of
from medseg.io.nrrd.slicer_segmentation import FORMAT as SLICER_FORMAT
from medseg.io.nrrd.slicer_segmentation import incoming
from medseg.io.nrrd.write import write_nrrd
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import LabelMap, Structure, labels_in

FORMAT = "NRRD"


def table_beside(path: Path) -> Path:
    """The structure table of a plain NRRD file."""
    return path.with_suffix(".tsv")


def write_nrrd_label_map(label_map: LabelMap, path: Path, *, overwrite: bool = False) -> tuple[str, ...]:
    """Write the voxels of a label map of one layer; the structure table is a file of its own.

    Returns:
        What a reader should know, one sentence each.

    Raises:
        LabelMapError: The label map has several layers.
        InputError: The path does not end in ``.nrrd``.
        OutputExistsError, OutputError: It can't be written.
    """
    if len(label_map.layers) > 1:
        raise LabelMapError(
            f"a plain NRRD holds one label a voxel, but this label map has {len(label_map.layers)} layers",
            hint="write a segmentation of 3D Slicer (.seg.nrrd), or fewer structures",
            reason="several-layers",
        )
    write_nrrd(label_map.layers, label_map.grid, path, overwrite=overwrite)
    return geometry_notes(label_map.grid)


def read_nrrd_label_map(path: Path) -> Incoming:
    """Read labels from any NRRD file.

    Where the header names Slicer's segments, they are the structures; else the structure table beside it says
    what the labels mean; else each label becomes a structure ``Label n``.

    Raises:
        MedsegError: As :func:`~medseg.io.nrrd.file.read_nrrd`; or a table that is damaged or does not explain
            the labels.
    """
    file = read_nrrd(path)
    with damage_named(path):
        segments = segments_of(file.header.pairs)
        if segments.structures:
            return incoming(file, segments, SLICER_FORMAT)
    table = table_beside(path)
    structures = read_structure_table(table) if table.exists() else _one_a_label(file)
    label_map = LabelMap(file.grid, file.layers, structures)
    return Incoming(FORMAT, structures, label_map, notes=file.notes)


def _one_a_label(file: NrrdFile) -> tuple[Structure, ...]:
    """A structure for each label of each layer."""
    return tuple(
        Structure(f"label-{label}" + (f"-layer-{n}" if n else ""), f"Label {label}", label, layer=n)
        for n, layer in enumerate(file.layers)
        for label in labels_in(layer)
    )
