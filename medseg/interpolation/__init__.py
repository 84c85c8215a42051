"""Interpolation: sparse contours → whole structures."""

from medseg.interpolation.alone import LonePiece
from medseg.interpolation.completion import CompletedStructure, Completion, OpenGap
from medseg.interpolation.conflicts import Conflict
from medseg.interpolation.draw_next import Suggestion, draw_next
from medseg.interpolation.engine import interpolate, interpolate_masks
from medseg.interpolation.image_help import ImageUse
from medseg.interpolation.live import LiveCompletion
from medseg.interpolation.model_doubt import uncertain_slices
from medseg.interpolation.registry import AUTO, METHODS
from medseg.interpolation.uncertainty import uncertainty_map

__all__ = [
    "AUTO",
    "METHODS",
    "CompletedStructure",
    "Completion",
    "Conflict",
    "ImageUse",
    "LiveCompletion",
    "LonePiece",
    "OpenGap",
    "Suggestion",
    "draw_next",
    "interpolate",
    "interpolate_masks",
    "uncertain_slices",
    "uncertainty_map",
]
