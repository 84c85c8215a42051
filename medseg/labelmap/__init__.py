"""Label maps: structures as voxels, and contours → voxels."""

from medseg.labelmap.label_map import LabelMap, labels_in
from medseg.labelmap.overlay import MIN_DEPTH_MM, Claim, overlay
from medseg.labelmap.rasterise import fill_polygon, fill_slice, rasterise
from medseg.labelmap.structure import (
    MAX_LABEL,
    NOTHING,
    PALETTE,
    Code,
    Structure,
    find_structure,
    structure_id_for,
)

__all__ = [
    "MAX_LABEL",
    "MIN_DEPTH_MM",
    "NOTHING",
    "PALETTE",
    "Claim",
    "Code",
    "LabelMap",
    "Structure",
    "fill_polygon",
    "fill_slice",
    "find_structure",
    "labels_in",
    "overlay",
    "rasterise",
    "structure_id_for",
]
