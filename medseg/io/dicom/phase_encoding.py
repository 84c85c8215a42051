"""Along which axis of an MR image phase was encoded, which way, and how fast."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from medseg.io.dicom import ge_private
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.siemens_csa import image_values

_AXES: dict[str, Literal["row", "column"]] = {"ROW": "row", "COL": "column", "COLUMN": "column"}
"""InPlanePhaseEncodingDirection of classic and of enhanced images (PS3.3 C.8.3.1, C.8.13.5.3)."""

_MATRIX_SIZE = 4
_GE_ROUNDING = {True: 4, False: 2}
"""GE acquires a multiple of so many lines, by whether Fourier space was covered in part only."""

_US_PER_S = 1e6


class Readout(NamedTuple):
    """How fast phase was encoded, as if all lines of the image had been acquired.

    Attributes:
        echo_spacing_s: Between neighbouring lines of the reconstructed image (BIDS EffectiveEchoSpacing).
        total_s: From the middle of the first to the middle of the last line (FSL; BIDS TotalReadoutTime).
    """

    echo_spacing_s: float
    total_s: float


def phase_axis(elements: Elements) -> Literal["row", "column"] | None:
    """``row`` if phase runs along rows (index i), ``column`` along columns (index j), None if untold.

    Where InPlanePhaseEncodingDirection is missing, AcquisitionMatrix tells too: it holds the number of
    frequency rows and columns, then of phase rows and columns, those of the other axis being 0.
    """
    named = _AXES.get(elements.text("InPlanePhaseEncodingDirection"))
    if named:
        return named
    matrix = elements.texts("AcquisitionMatrix")
    if len(matrix) != _MATRIX_SIZE:
        return None
    along_rows, along_columns = (text not in ("", "0") for text in matrix[2:])
    if along_rows == along_columns:
        return None
    return "row" if along_rows else "column"


def is_phase_positive(elements: Elements) -> bool | None:
    """Whether phase ran with the growing index of the image as DICOM stores it, None if untold.

    Philips, Canon and Hitachi don't say.
    """
    maker = elements.text("Manufacturer").upper()
    if maker.startswith("SIEMENS"):
        said = elements.text("SiemensPhasePositive")
        said = said or next(iter(image_values(elements).get("PhaseEncodingDirectionPositive", ())), "")
        return {"1": True, "0": False}.get(said)
    if maker.startswith("GE "):
        flipped = ge_private.is_phase_flipped(elements)
        return None if flipped is None else not flipped
    return None


def readout_of(elements: Elements, lines: int) -> Readout | None:
    """The readout of an echo-planar image, where its maker tells what it follows from.

    Args:
        elements: The image.
        lines: Pixels along the axis of phase in the image as reconstructed.
    """
    maker = elements.text("Manufacturer").upper()
    if lines < 2:
        return None
    if maker.startswith("SIEMENS"):
        return _siemens_readout(elements, lines)
    return _ge_readout(elements, lines) if maker.startswith("GE ") else None


def _siemens_readout(elements: Elements, lines: int) -> Readout | None:
    said = elements.text("SiemensFrameBandwidthPerPixelPhaseEncode")
    said = said or elements.text("SiemensBandwidthPerPixelPhaseEncode")
    said = said or next(iter(image_values(elements).get("BandwidthPerPixelPhaseEncode", ())), "")
    bandwidth_hz = _positive(said)
    if bandwidth_hz is None:
        return None
    spacing_s = 1 / (bandwidth_hz * lines)
    return Readout(spacing_s, spacing_s * (lines - 1))


def _ge_readout(elements: Elements, lines: int) -> Readout | None:
    """By https://github.com/rordenlab/dcm2niix, GE/README.md, Total Readout Time."""
    spacing_us = _positive(elements.text("GeEchoSpacing"))
    matrix = [int(text) for text in elements.texts("AcquisitionMatrix") if text.isdecimal()]
    if spacing_us is None or len(matrix) != _MATRIX_SIZE:
        return None
    acceleration = 1 / (_positive(elements.text("GeAccelerationReciprocals")) or 1.0)
    rounding = _GE_ROUNDING["PFF" in elements.texts("ScanOptions")]
    acquired = math.ceil(max(matrix[2:]) / acceleration / rounding - _ROUNDED) * rounding
    total_s = (acquired - 1) * spacing_us / _US_PER_S
    return Readout(total_s / (lines - 1), total_s) if total_s > 0 else None


_ROUNDED = 1e-4
"""GE prints the acceleration to six digits: 2/3 as 0.666667, which is no line more."""


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
