"""How long a structure is."""

from __future__ import annotations

from medseg.labelmap import Code
from medseg.measurement.concepts.concept import RECIST, Concept, ibsi_concept

DIAMETERS = (
    Concept(
        "longest-in-plane",
        "Longest diameter in plane",
        "mm",
        "The longest line between two points of its outline in any one slice of the acquisition. The outline "
        "lies half-way between the centres of the outer voxels and their corners.",
        RECIST,
        code=Code("SCT", "103339001", "Long axis"),
    ),
    Concept(
        "perpendicular-in-plane",
        "Longest perpendicular diameter",
        "mm",
        "The longest line in the slice of the longest diameter that is perpendicular to it.",
        RECIST,
        code=Code("SCT", "103340004", "Short axis"),
    ),
    Concept(
        "longest-3d",
        "Longest diameter in 3-D",
        "mm",
        "The longest line between two points of its outline, in any direction; the outline lies as in the "
        "longest diameter in plane.",
        "largest Feret diameter",
        code=Code("SCT", "81827009", "Diameter"),
    ),
    ibsi_concept(
        "largest-diameter-ibsi",
        "Maximum 3D diameter of a mesh",
        "mm",
        "The largest distance between two vertices of its surface of triangles.",
        "morph_diam",
        "L0JK",
    ),
    ibsi_concept(
        "major-axis",
        "Major axis in 3D length",
        "mm",
        "4 sqrt(λ1) of the covariance of its voxels' centres (over N - 1), as an ellipsoid's axis.",
        "morph_pca_maj_axis",
        "TDIC",
    ),
    ibsi_concept(
        "minor-axis",
        "Minor axis in 3D length",
        "mm",
        "4 sqrt(λ2) of the covariance of its voxels' centres (over N - 1).",
        "morph_pca_min_axis",
        "P9VJ",
    ),
    ibsi_concept(
        "least-axis",
        "Least axis in 3D length",
        "mm",
        "4 sqrt(λ3) of the covariance of its voxels' centres (over N - 1).",
        "morph_pca_least_axis",
        "7J51",
    ),
)
