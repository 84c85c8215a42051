"""How large a structure is."""

from __future__ import annotations

from medseg.measurement.concepts.concept import Concept, ibsi_concept

SIZES = (
    ibsi_concept(
        "volume-voxel",
        "Volume from voxel summation",
        "mm3",
        "The number of its voxels times the volume of one.",
        "morph_vol_approx",
        "YEKZ",
    ),
    ibsi_concept(
        "volume-mesh",
        "Volume of mesh",
        "mm3",
        "The volume that its surface of triangles encloses: marching cubes at one half of the mask.",
        "morph_volume",
        "RNU0",
    ),
    ibsi_concept(
        "surface-mesh",
        "Surface area of mesh",
        "mm2",
        "The area of its surface of triangles: marching cubes at one half of the mask. It follows the steps "
        "of the voxels: of a ball it is 8.7 % too large, however fine they are.",
        "morph_area_mesh",
        "C0JK",
    ),
    Concept(
        "surface-crofton",
        "Surface area by Crofton's formula",
        "mm2",
        "From the number of times that lines in 49 directions cross the surface and of flat patches along "
        "the voxels, weighted so that planes of all directions come out right on average; it does not follow "
        "the steps of the voxels. Boxes along the voxels come out up to 7 % too small.",
        "Crofton's formula as in Legland et al. 2007, Image Anal Stereol 26:83-92, with more directions",
    ),
)
