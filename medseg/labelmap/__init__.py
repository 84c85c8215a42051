"""Label maps: structures as voxels, and contours → voxels."""

from medseg.labelmap.label_map import LabelMap, ancestors, by_containment, labels_in
from medseg.labelmap.layering import in_layers
from medseg.labelmap.nesting import NESTED_FRACTION, can_nest
from medseg.labelmap.overlay import MIN_DEPTH_MM, Claim, overlay, resolve
from medseg.labelmap.rasterise import fill, fill_polygon, rasterise
from medseg.labelmap.regridding import Regridded, put_on_grid
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
    "NESTED_FRACTION",
    "NOTHING",
    "PALETTE",
    "Claim",
    "Code",
    "LabelMap",
    "Regridded",
    "Structure",
    "ancestors",
    "by_containment",
    "can_nest",
    "fill",
    "fill_polygon",
    "find_structure",
    "in_layers",
    "labels_in",
    "overlay",
    "put_on_grid",
    "rasterise",
    "resolve",
    "structure_id_for",
]
