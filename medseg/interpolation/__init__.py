"""Interpolation: sparse contours → whole structures."""

from medseg.interpolation.complete import Completion, OpenGap, complete, complete_masks
from medseg.interpolation.registry import DEFAULT_METHOD, METHODS

__all__ = ["DEFAULT_METHOD", "METHODS", "Completion", "OpenGap", "complete", "complete_masks"]
