"""What form a structure has: plain numbers of its volume V, surface A, axes and hulls."""

from __future__ import annotations

from medseg.measurement.concepts.concept import NO_UNIT, ibsi_concept

SHAPES = (
    ibsi_concept("surface-to-volume", "Surface to volume ratio", "/mm", "A / V.", "morph_av", "2PR5"),
    ibsi_concept("compactness-1", "Compactness 1", NO_UNIT, "V / (sqrt(π) A^(3/2)).", "morph_comp_1", "SKGS"),
    ibsi_concept("compactness-2", "Compactness 2", NO_UNIT, "36 π V² / A³.", "morph_comp_2", "BQWJ"),
    ibsi_concept(
        "spherical-disproportion",
        "Spherical disproportion",
        NO_UNIT,
        "A / (36 π V²)^(1/3): its surface over that of a ball of its volume.",
        "morph_sph_dispr",
        "KRCK",
    ),
    ibsi_concept(
        "sphericity",
        "Sphericity",
        NO_UNIT,
        "(36 π V²)^(1/3) / A: the surface of a ball of its volume over its own; 1 for a ball.",
        "morph_sphericity",
        "QCFX",
    ),
    ibsi_concept(
        "asphericity",
        "Asphericity",
        NO_UNIT,
        "(A³ / (36 π V²))^(1/3) - 1; 0 for a ball.",
        "morph_asphericity",
        "25C7",
    ),
    ibsi_concept(
        "elongation",
        "Elongation",
        NO_UNIT,
        "sqrt(λ2 / λ1); 1 where not elongated.",
        "morph_pca_elongation",
        "Q3CK",
    ),
    ibsi_concept(
        "flatness", "Flatness", NO_UNIT, "sqrt(λ3 / λ1); 1 where not flat.", "morph_pca_flatness", "N17B"
    ),
    ibsi_concept(
        "volume-density-aabb",
        "Volume density in frame of reference axis aligned bounding box",
        NO_UNIT,
        "V over the volume of the box around its mesh, along the axes of the image.",
        "morph_vol_dens_aabb",
        "PBX1",
    ),
    ibsi_concept(
        "area-density-aabb",
        "Area density in frame of reference axis aligned bounding box",
        NO_UNIT,
        "A over the surface of the box around its mesh, along the axes of the image.",
        "morph_area_dens_aabb",
        "R59B",
    ),
    ibsi_concept(
        "volume-density-aee",
        "Volume density in approximate enclosing ellipsoid",
        NO_UNIT,
        "V over the volume of the ellipsoid with its three axes.",
        "morph_vol_dens_aee",
        "6BDE",
    ),
    ibsi_concept(
        "area-density-aee",
        "Area density in approximate enclosing ellipsoid",
        NO_UNIT,
        "A over the surface of the ellipsoid with its three axes, by the IBSI's series of 20 terms.",
        "morph_area_dens_aee",
        "RDD2",
    ),
    ibsi_concept(
        "volume-density-hull",
        "Volume density in convex hull",
        NO_UNIT,
        "V over the volume of the convex hull of its mesh.",
        "morph_vol_dens_conv_hull",
        "R3ER",
    ),
    ibsi_concept(
        "area-density-hull",
        "Area density in convex hull",
        NO_UNIT,
        "A over the surface of the convex hull of its mesh.",
        "morph_area_dens_conv_hull",
        "7T7F",
    ),
)
