"""How strongly and along which direction an MR image is weighted by diffusion.

The standard has elements for it (PS3.3 C.8.13.5.9); before and beside them every maker has its own. Sources:
https://www.na-mic.org/wiki/NAMIC_Wiki:DTI:DICOM_for_DWI_and_DTI and the makers' notes that come with dcm2niix
(https://github.com/rordenlab/dcm2niix), whose results the tests compare with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from medseg.io.dicom.elements import Elements
from medseg.io.dicom.phase_encoding import phase_axis
from medseg.io.dicom.siemens_csa import image_values
from medseg.space.plane import FloatArray

MIN_LENGTH = 1e-6
"""A vector shorter than this is no direction: makers write zeros where there is none."""

MAX_B_VALUE = 1e5
"""In s/mm². The strongest gradients reach a third of it; what is larger is another number."""

Vector = tuple[float, float, float]


class Weighting(NamedTuple):
    """Diffusion weighting of one image.

    Attributes:
        b_value: In s/mm²; None if the header doesn't say.
        gradient_lps: Direction in patient space, of any length; None if there is none.
    """

    b_value: float | None = None
    gradient_lps: Sequence[float] | None = None


def diffusion_of(elements: Elements) -> tuple[float | None, Vector | None]:
    """b-value in s/mm² and unit gradient direction in LPS of one image; None where there is none.

    An image without weighting has no direction, whatever its header says; one that is weighted the same
    along all of them (a trace image) has none either.
    """
    if elements.text("Modality") != "MR":
        return None, None
    for read in _readers(elements.text("Manufacturer").upper()):
        weighting = read(elements)
        if weighting.b_value is not None and 0 <= weighting.b_value <= MAX_B_VALUE:
            is_weighted = weighting.b_value > 0 and weighting.gradient_lps is not None
            return weighting.b_value, _unit(weighting.gradient_lps or ()) if is_weighted else None
    return None, None


def diffusion_remarks(elements: Elements) -> tuple[str, ...]:
    """What a careful user should know about the directions of one image, a sentence each."""
    is_framed_by_phase = elements.text("Manufacturer").upper().startswith("GE ")
    if is_framed_by_phase and diffusion_of(elements)[1] is not None and phase_axis(elements) is None:
        return (
            "The header doesn't say along which axis phase was encoded; the diffusion directions hold "
            "if it was along columns.",
        )
    return ()


def _unit(vector: Sequence[float]) -> Vector | None:
    length = math.sqrt(sum(part * part for part in vector))
    if len(vector) != 3 or not length > MIN_LENGTH:
        return None
    return vector[0] / length, vector[1] / length, vector[2] / length


def _standard(elements: Elements) -> Weighting:
    if elements.text("DiffusionDirectionality") == "ISOTROPIC":
        return Weighting(_number(elements, "DiffusionBValue"))
    item = next(iter(elements.sequence("DiffusionGradientDirectionSequence")), elements)
    direction = _numbers(item, "DiffusionGradientOrientation", 3)
    return Weighting(_number(elements, "DiffusionBValue"), direction or _of_b_matrix(elements))


def _of_b_matrix(elements: Elements) -> Vector | None:
    """The main axis of the b-matrix: of one gradient it is the only one that isn't 0."""
    for item in elements.sequence("DiffusionBMatrixSequence")[:1]:
        xx, xy, xz, yy, yz, zz = (
            _number(item, f"DiffusionBValue{pair}") or 0.0 for pair in ("XX", "XY", "XZ", "YY", "YZ", "ZZ")
        )
        values, axes = np.linalg.eigh(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
        if values[-1] > 0:
            x, y, z = axes[:, -1].tolist()
            return x, y, z
    return None


def _siemens(elements: Elements) -> Weighting:
    direction = _numbers(elements, "SiemensGradientDirection", 3)
    return Weighting(_number(elements, "SiemensBValue"), direction)


_SIEMENS_WEIGHTED = re.compile(r"_b\d")
"""How Siemens names sequences with diffusion weighting: ``*ep_b1000#3``."""


def _siemens_csa(elements: Elements) -> Weighting:
    """Of software before 2009, which has no elements of its own for it."""
    if not _SIEMENS_WEIGHTED.search(elements.text("SequenceName")):
        return Weighting()
    values = image_values(elements)
    b_value = _floats(values.get("B_value", ())[:1])
    direction = _floats(values.get("DiffusionGradientDirection", ())[:3])
    return Weighting(b_value[0] if b_value else None, direction)


def _philips(elements: Elements) -> Weighting:
    b_value = _number(elements, "PhilipsBValue")
    if elements.text("PhilipsDirectionality") == "I":
        return Weighting(b_value)
    direction = [_number(elements, f"PhilipsGradient{axis}") or 0.0 for axis in "XYZ"]
    return Weighting(b_value, direction)


_GE_FLAG = 1_000_000_000
"""GE adds this to the b-value of some series."""

_GE_WHOLE_LENGTH = 0.97
_GE_NO_LENGTH = 0.03
"""Between these a vector's length is meant: printed to six digits, a unit vector is never that short."""

_GE_STEP = 5
"""b-values that were scaled are rounded to this, as users set them."""

_SIGNS = {
    ("axial", "column"): (-1, -1, 1),
    ("axial", "row"): (-1, 1, 1),
    ("axial", None): (1, 1, -1),
    ("sagittal", "column"): (1, 1, -1),
    ("sagittal", "row"): (1, -1, -1),
    ("sagittal", None): (1, 1, -1),
    ("coronal", "column"): (-1, 1, 1),
    ("coronal", "row"): (1, 1, 1),
    ("coronal", None): (1, -1, -1),
}
"""Signs of a direction by frequency, phase and slice along (row, column, row × column) of the image.

By the patient axis nearest to the slice normal, and the axis of phase. The reference is dcm2niix, which found
them by experiment and calls those with phase along rows untested. Where the axis isn't told, it is taken for
the usual one, columns; a direction and its opposite weight alike, and dcm2niix writes the opposite there.
"""


def _ge(elements: Elements) -> Weighting:
    """GE keeps directions by frequency, phase and slice, and shorter for smaller b-values of a shell."""
    for suffix in ("", "Unreserved"):
        b_value = _number(elements, f"GeBValue{suffix}")
        if b_value is not None:
            vector = [_number(elements, f"GeGradient{axis}{suffix}") or 0.0 for axis in "XYZ"]
            return _ge_weighting(elements, b_value % _GE_FLAG, vector)
    return Weighting()


def _ge_weighting(elements: Elements, b_value: float, vector: list[float]) -> Weighting:
    length = math.hypot(*vector)
    cosines = _numbers(elements, "ImageOrientationPatient", 6)
    if b_value <= 0 or length <= MIN_LENGTH or cosines is None:
        return Weighting(b_value)
    if _GE_NO_LENGTH < length < _GE_WHOLE_LENGTH:
        b_value = max(_GE_STEP, _GE_STEP * math.floor(b_value * length**2 / _GE_STEP + 0.5))
    return Weighting(b_value, _from_frequency_phase_slice(vector, cosines, phase_axis(elements)))


def _from_frequency_phase_slice(
    vector: Sequence[float], cosines: Sequence[float], phase: str | None
) -> list[float]:
    frequency, phase_part, slice_part = vector
    along = (phase_part, frequency) if phase == "row" else (frequency, phase_part)
    axes = _image_axes(cosines)
    plane = ("sagittal", "coronal", "axial")[int(np.abs(axes[2]).argmax())]
    return _along(np.array([*along, slice_part]) * _SIGNS[plane, phase], axes)


def _image_axes(cosines: Sequence[float]) -> FloatArray:
    """Row, column and row × column as the rows of a matrix."""
    row, column = np.reshape(np.asarray(cosines, dtype=np.float64), (2, 3))
    return np.array([row, column, np.cross(row, column)])


def _along(parts: npt.ArrayLike, axes: FloatArray) -> list[float]:
    direction: list[float] = (np.asarray(parts, dtype=np.float64) @ axes).tolist()
    return direction


_CANON_COMMENT = re.compile(r"b=([\d.]+)\(([-\d.e]+),([-\d.e]+),([-\d.e]+)\)")


def _canon(elements: Elements) -> Weighting:
    """Canon writes it as a comment, ``b=1500(0.445,0.000,0.895)``, by phase, frequency and slice."""
    found = _CANON_COMMENT.search(elements.text("ImageComments"))
    numbers = _floats(found.groups()) if found else []
    cosines = _numbers(elements, "ImageOrientationPatient", 6)
    if not numbers or cosines is None:
        return Weighting()
    b_value, phase_part, frequency, slice_part = numbers
    vector = (frequency, phase_part, slice_part)
    return Weighting(b_value, _from_frequency_phase_slice(vector, cosines, phase_axis(elements)))


def _united(elements: Elements) -> Weighting:
    """United Imaging keeps directions along row, column and slice normal of the image."""
    b_value = _number(elements, "UnitedBValue")
    vector = _numbers(elements, "UnitedGradientDirection", 3)
    cosines = _numbers(elements, "ImageOrientationPatient", 6)
    if vector is None or cosines is None:
        return Weighting(b_value)
    return Weighting(b_value, _along(vector, _image_axes(cosines)))


Reader = Callable[[Elements], Weighting]

_READERS: dict[str, tuple[Reader, ...]] = {
    "SIEMENS": (_siemens, _standard, _siemens_csa),
    "GE ": (_ge, _standard),
    "PHILIPS": (_standard, _philips),
    "CANON": (_canon, _standard),
    "TOSHIBA": (_canon, _standard),
    "UIH": (_united, _standard),
    "UNITED IMAGING": (_united, _standard),
}
"""What to try in this order, by how Manufacturer begins."""


def _readers(manufacturer: str) -> tuple[Reader, ...]:
    for name, readers in _READERS.items():
        if manufacturer.startswith(name):
            return readers
    return (_standard,)


def _number(elements: Elements, keyword: str) -> float | None:
    """The first number; what is none is no damage: nothing but the diffusion table depends on it."""
    return next(iter(_floats(elements.texts(keyword)[:1])), None)


def _numbers(elements: Elements, keyword: str, count: int) -> list[float] | None:
    numbers = _floats(elements.texts(keyword))
    return numbers if len(numbers) == count else None


def _floats(texts: Sequence[str]) -> list[float]:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
