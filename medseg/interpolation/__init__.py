"""Interpolation: sparse contours → whole structures."""

from medseg.interpolation.engine import Completion, OpenGap, interpolate, interpolate_masks
from medseg.interpolation.registry import DEFAULT_METHOD, METHODS

__all__ = ["DEFAULT_METHOD", "METHODS", "Completion", "OpenGap", "interpolate", "interpolate_masks"]
