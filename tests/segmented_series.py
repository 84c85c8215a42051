"""Small DICOM series, label maps on their grids, and what exporters get of both."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pydicom

from medseg.contour import ContourSet
from medseg.io.dicom import write_series
from medseg.io.dicom.read import plan_one
from medseg.io.dicom.reference import DicomReference, read_reference
from medseg.io.exchange import Outgoing
from medseg.labelmap import Code, LabelMap, Structure
from medseg.review.approval import Approval
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from solids import lump

LIVER = Structure("liver", "Liver", 1, code=Code("SCT", "10200004", "Liver"))
TUMOUR = Structure("tumour", "Liver tumour", 2, code=Code("SCT", "108369006", "Neoplasm"), part_of="liver")
PTV = Structure("ptv", "Planning target", 1, color="#0a5f37", layer=1)

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"

OBLIQUE = Grid.from_axes(
    (14, 27, 23),
    origin_lps_mm=(-31.5, 12.25, -204.0),
    step_k_mm=(0.0, 0.6, 2.9),
    step_j_mm=(0.0, 0.881, -0.881 * 0.6 / 2.9),
    step_i_mm=(0.7, 0.0, 0.0),
    frame_of_reference_uid="1.2.3.4",
)
"""Anisotropic; a frame's pixels (27 x 23) fill no whole bytes of bits."""


def reference_on(grid, folder, *, modality="CT", **names):
    """A series on a grid, written and read again as what exports refer to."""
    voxels = np.where(lump(grid, 8), 60, 0).astype(np.int16)
    names = {"patient_name": "Doe^Jane", "patient_id": "ID-4711", **names}
    series = Volume(grid, voxels, Quantity.HU, Source("phantom"))
    write_series(series, folder, modality=modality, uid_seed="segmented", **names)
    return read_reference(plan_one(folder))


def liver_with_tumour(grid, dtype=np.uint8):
    """Two structures in one layer, on some of the slices."""
    layer = np.where(lump(grid, 4), 2, np.where(lump(grid, 8, bumps=0.2), 1, 0)).astype(dtype)
    return LabelMap(grid, (layer,), (LIVER, TUMOUR))


def overlapping(grid):
    """The same, and a margin in a second layer that truly overlaps them."""
    single = liver_with_tumour(grid)
    margin = lump(grid, 6).astype(np.uint8)
    return LabelMap(grid, (*single.layers, margin), (*single.structures, PTV))


def outgoing(label_map, **fields):
    """What an exporter gets."""
    given = {
        "contours": ContourSet(),
        "source": Source("DICOM"),
        "author": "Ada Reader",
        "created": datetime(2025, 4, 5, 12, 34, 56, tzinfo=UTC),
        "approval": Approval(),
        "software": "medseg 0.9",
        **fields,
    }
    return Outgoing(label_map=label_map, **given)


def on_grid(label_map, grid):
    """The layers of a label map of whole slices of a grid, on all of it."""
    k = int(np.round(grid.to_index(label_map.grid.origin_lps_mm))[0])
    whole = []
    for layer in label_map.layers:
        wide = np.zeros(grid.shape_kji, layer.dtype)
        wide[k : k + len(layer)] = layer
        whole.append(wide)
    return whole


def distance_mm(label_map, grid):
    """How far the corners of whole slices lie from where the grid has them."""
    corners = label_map.grid.corners_lps_mm()
    index = np.round(grid.to_index(corners))
    return float(np.linalg.norm(grid.to_lps_mm(index) - corners, axis=1).max())


def bare_reference(grid, *, frames=()):
    """A reference without files: headers with as little as a real one may have."""
    slices = []
    for number in range(1 if frames else grid.shape_kji[0]):
        header = pydicom.Dataset()
        header.SOPClassUID = ENHANCED_MR if frames else CT
        header.SOPInstanceUID = f"1.2.3.{number + 1}"
        header.StudyInstanceUID, header.SeriesInstanceUID = "1.2.4", "1.2.5"
        header.FrameOfReferenceUID = "1.2.6"
        slices.append(header)
    return DicomReference(grid, tuple(slices), tuple(frames))
