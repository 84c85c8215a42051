"""What an image shows within a structure: x are the values of its voxels, µ their mean, N their number."""

from __future__ import annotations

from medseg.labelmap import Code
from medseg.measurement.concepts.concept import NO_UNIT, Concept, ibsi_concept

_PERCENTILE = "with linear interpolation between the ordered values"
_BALL = "the mean over all voxels whose centres lie within a ball of 1 cm³ around a voxel's centre"

INTENSITIES = (
    ibsi_concept("intensity-mean", "Mean intensity", None, "µ = Σx / N.", "stat_mean", "Q4LE"),
    Concept(
        "intensity-sd",
        "Standard deviation of intensity",
        None,
        "sqrt(Σ(x - µ)² / N).",
        "the square root of the IBSI's intensity variance, ECT3",
        code=Code("SCT", "386136009", "Standard Deviation"),
    ),
    ibsi_concept("intensity-min", "Minimum intensity", None, "The least x.", "stat_min", "1GSF"),
    ibsi_concept(
        "intensity-p10", "10th intensity percentile", None, f"10 per cent, {_PERCENTILE}.", "stat_p10", "QG58"
    ),
    ibsi_concept("intensity-median", "Median intensity", None, "The median x.", "stat_median", "Y12H"),
    ibsi_concept(
        "intensity-p90", "90th intensity percentile", None, f"90 per cent, {_PERCENTILE}.", "stat_p90", "8DWT"
    ),
    ibsi_concept("intensity-max", "Maximum intensity", None, "The largest x.", "stat_max", "84IY"),
    ibsi_concept("intensity-variance", "Intensity variance", None, "Σ(x - µ)² / N.", "stat_var", "ECT3"),
    ibsi_concept(
        "intensity-skewness",
        "Intensity skewness",
        NO_UNIT,
        "(Σ(x - µ)³ / N) / variance^(3/2); 0 where the variance is.",
        "stat_skew",
        "KE2A",
    ),
    ibsi_concept(
        "intensity-kurtosis",
        "Excess intensity kurtosis",
        NO_UNIT,
        "(Σ(x - µ)⁴ / N) / variance² - 3; 0 where the variance is.",
        "stat_kurt",
        "IPH6",
    ),
    ibsi_concept(
        "intensity-iqr",
        "Intensity interquartile range",
        None,
        f"75 per cent less 25 per cent, {_PERCENTILE}.",
        "stat_iqr",
        "SALO",
    ),
    ibsi_concept(
        "intensity-range", "Intensity range", None, "The largest less the least x.", "stat_range", "2OJQ"
    ),
    ibsi_concept(
        "intensity-mad", "Intensity mean absolute deviation", None, "Σ|x - µ| / N.", "stat_mad", "4FUA"
    ),
    ibsi_concept(
        "intensity-rmad",
        "Intensity robust mean absolute deviation",
        None,
        "The mean absolute deviation of the x from the 10th to the 90th percentile, about their own mean.",
        "stat_rmad",
        "1128",
    ),
    ibsi_concept(
        "intensity-medad",
        "Intensity median absolute deviation",
        None,
        "Σ|x - median| / N.",
        "stat_medad",
        "N72L",
    ),
    ibsi_concept(
        "intensity-cov",
        "Intensity coefficient of variation",
        NO_UNIT,
        "sqrt(variance) / µ; not defined where µ is 0.",
        "stat_cov",
        "7TET",
    ),
    ibsi_concept(
        "intensity-qcod",
        "Intensity quartile coefficient of dispersion",
        NO_UNIT,
        "(P75 - P25) / (P75 + P25); not defined where the sum is 0.",
        "stat_qcod",
        "9S40",
    ),
    ibsi_concept("intensity-energy", "Intensity energy", None, "Σx².", "stat_energy", "N8CA"),
    ibsi_concept("intensity-rms", "Root mean square intensity", None, "sqrt(Σx² / N).", "stat_rms", "5ZWQ"),
    ibsi_concept(
        "intensity-peak-local",
        "Local intensity peak",
        None,
        f"At the voxel of the largest x: {_BALL}; of several such voxels the highest.",
        "loc_peak_loc",
        "VJGA",
    ),
    ibsi_concept(
        "intensity-peak-global",
        "Global intensity peak",
        None,
        f"The highest of all voxels: {_BALL}.",
        "loc_peak_glob",
        "0F91",
    ),
    ibsi_concept(
        "centre-of-mass-shift",
        "Centre of mass shift",
        "mm",
        "The distance between the mean of the voxels' centres and that weighted with x; not defined where "
        "the values add up to nothing or less.",
        "morph_com",
        "KLMA",
    ),
    ibsi_concept(
        "integrated-intensity",
        "Integrated intensity",
        None,
        "The volume of its mesh times µ.",
        "morph_integ_int",
        "99N0",
    ),
)
