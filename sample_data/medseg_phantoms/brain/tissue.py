"""Signal of the brain phantom on a scale without unit, as in a T1-weighted image with contrast medium."""

from __future__ import annotations

AIR = 0.0
SKIN = 420.0
FAT = 940.0
MUSCLE = 400.0
CORTICAL_BONE = 55.0
STREAKED_MUSCLE = 780.0
MARROW = 520.0
SPONGY_BASE = 260.0
CSF = 150.0
GREY_MATTER = 470.0
WHITE_MATTER = 690.0
DEEP_GREY = 545.0
FOLIA = 245.0
BRAIN_STEM = 640.0
VITREOUS = 165.0
LENS = 330.0
MUCOSA = 620.0
VENOUS_SINUS = 930.0

OEDEMA = 500.0
ENHANCING_RIM = 1010.0
NECROSIS = 265.0
