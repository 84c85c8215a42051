"""How much of a tracer a structure takes up: SUV by body weight."""

from __future__ import annotations

from medseg.labelmap import Code
from medseg.measurement.concepts.concept import Concept

_EANM = "EANM procedure guidelines 2.0 (Boellaard et al. 2015, Eur J Nucl Med Mol Imaging 42:328-354)"
_PERCIST = "PERCIST 1.0 (Wahl et al. 2009, J Nucl Med 50 Suppl 1:122S-150S)"
_GLYCOLYSIS = "Larson et al. 1999, Clin Positron Imaging 2:159-171"

_SUV = Code("DCM", "126401", "SUVbw")

UPTAKES = (
    Concept(
        "suv-max",
        "SUVmax",
        "g/ml",
        "The largest SUV of its voxels.",
        _EANM,
        "stat_max",
        _SUV,
        Code("SCT", "56851009", "Maximum"),
    ),
    Concept(
        "suv-mean",
        "SUVmean",
        "g/ml",
        "The mean SUV of all its voxels, those below the threshold too.",
        _EANM,
        "stat_mean",
        _SUV,
        Code("SCT", "373098007", "Mean"),
    ),
    Concept(
        "suv-peak",
        "SUVpeak",
        "g/ml",
        "The highest mean SUV in a ball of 1 cm³ around any of its voxels; voxels outside of it that lie in "
        "the ball count.",
        f"{_PERCIST}; the IBSI's global intensity peak, 0F91",
        "loc_peak_glob",
        _SUV,
        Code("DCM", "126031", "Peak Value Within ROI"),
    ),
    Concept(
        "metabolic-tumour-volume",
        "Metabolic tumour volume",
        "ml",
        "The volume of its voxels whose SUV is at the threshold or above.",
        _EANM,
        code=Code("DCM", "126032", "Metabolic Volume"),
    ),
    Concept(
        "total-lesion-glycolysis",
        "Total lesion glycolysis",
        "g",
        "The metabolic tumour volume in ml times the mean SUV in it.",
        _GLYCOLYSIS,
        code=Code("DCM", "126033", "Total Lesion Glycolysis"),
    ),
)
