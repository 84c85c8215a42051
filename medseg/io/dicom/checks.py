"""Why images are no volume: the tables of refusals, in the order in which they are looked for.

Each refusal has a stable word (``reason`` in the error's details). The causes come before their
consequences: a single frame of a mosaic is one slice too, but "mosaic" is why it is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medseg.errors import InputError, NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.codecs import missing_decoder
from medseg.io.dicom.geometry import ACCEPTED_MM
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import ENHANCED_CLASSES, VOLUME_CLASSES
from medseg.io.dicom.mosaic import is_mosaic
from medseg.io.dicom.terms import class_name

COSINE_TOLERANCE = 1e-4
"""How far direction cosines may be from unit length and a right angle: rounding to four decimals."""

CELL_BITS = (8, 16, 32)
"""Widths of a pixel cell that are read; others (12-bit packed, 1-bit) are retired or not images."""

Headers = Sequence[ImageHeader]


@dataclass(frozen=True)
class _PerImage:
    """A property that no image of a volume may have."""

    reason: str
    error: type[InputError]
    applies: Callable[[ImageHeader], bool]
    message: Callable[[ImageHeader], str]
    hint: str = ""

    def check(self, headers: Headers) -> None:
        bad = [header for header in headers if self.applies(header)]
        if bad:
            raise self.error(
                f"{self.message(bad[0])} ({len(bad)} of {len(headers)} images, first {bad[0].path.name})",
                hint=self.hint,
                reason=self.reason,
                images=len(bad),
            )


@dataclass(frozen=True)
class _Alike:
    """A property that all images of a volume must share."""

    reason: str
    what: str
    value: Callable[[ImageHeader], Any]
    hint: str = ""
    is_identity: bool = False
    """Whether the values may be anybody's text, or point to a person: they are counted then, not shown."""

    def check(self, headers: Headers) -> None:
        values = sorted({str(self.value(header) or "none") for header in headers})
        if len(values) > 1:
            shown = ", ".join(values[:4]) + (" …" if len(values) > 4 else "")
            raise NotOneVolumeError(
                f"expected one {self.what} in a series, found {len(values) if self.is_identity else shown}",
                hint=self.hint or "the series mixes images that don't form one volume",
                reason=self.reason,
                found=len(values) if self.is_identity else values,
            )


def require_sound_series(headers: Headers) -> None:
    """Refuse what spoils a whole series, whatever volumes it holds.

    Args:
        headers: The images of one series, at least one.

    Raises:
        UnreadableFileError: A file is damaged or cut off: any volume may have lost a slice.
        UnsupportedImageError: A kind of image that is not read.
        NotOneVolumeError: The images are of several patients or studies, or don't say where they lie.
    """
    for check in _SERIES_CHECKS:
        check(headers)


def require_one_volume(headers: Headers) -> None:
    """Refuse what no grid and no rescale could turn into one volume or one series of volumes.

    Args:
        headers: Images of a sound series, of one size and orientation, at least one.

    Raises:
        UnsupportedImageError: A kind of pixel or transfer syntax that is not read.
        NotOneVolumeError: The images differ in what must be common.
    """
    for check in _VOLUME_CHECKS:
        check(headers)


def _is_supported_class(header: ImageHeader) -> bool:
    if header.sop_class_uid:
        return header.sop_class_uid in VOLUME_CLASSES
    return header.modality in VOLUME_CLASSES.values()


def is_colour(header: ImageHeader) -> bool:
    """Whether pixels have several channels or a palette."""
    return header.samples_per_pixel != 1 or not header.photometric.startswith("MONOCHROME")


def _is_oblong(header: ImageHeader) -> bool:
    """Whether the two directions are not unit vectors at a right angle."""
    row, column = np.array(header.orientation).reshape(2, 3)
    errors = np.array([np.linalg.norm(row) - 1, np.linalg.norm(column) - 1, row @ column])
    return bool(np.abs(errors).max() > COSINE_TOLERANCE)


def _has_odd_bits(header: ImageHeader) -> bool:
    bits = header.bits
    return bits.allocated not in CELL_BITS or not 1 <= bits.stored <= bits.allocated


def has_no_place(header: ImageHeader) -> bool:
    """Whether the header doesn't say where the image lies."""
    return header.position_lps_mm is None or header.orientation is None


def _rescale_kind(header: ImageHeader) -> str:
    if header.rescale is None:
        return "no rescale"
    # PS3.3 C.8.2.1.1.2: a CT without RescaleType is in HU.
    return f"rescale to {header.rescale_type or ('HU' if header.modality == 'CT' else 'unspecified')}"


def _shown(header: ImageHeader) -> str:
    assert header.rescale is not None  # noqa: S101 - only a rescale can be wrong
    numbers = (header.rescale.slope, header.rescale.intercept)
    return " and ".join("none" if math.isnan(number) else f"{number:g}" for number in numbers)


def _require_one_spacing(headers: Headers) -> None:
    spacing = np.array([header.spacing_ji_mm for header in headers])
    size = np.array([headers[0].rows, headers[0].columns])
    if (np.ptp(spacing, axis=0) * size).max() > ACCEPTED_MM:
        low, high = spacing.min(axis=0), spacing.max(axis=0)
        raise NotOneVolumeError(
            f"expected one pixel spacing in a series, found {low[0]:.6g}×{low[1]:.6g} to "
            f"{high[0]:.6g}×{high[1]:.6g} mm (rows × columns)",
            hint="the series mixes images of several fields of view",
            reason="mixed-spacing",
        )


_LATER = "a kind of image that this version does not read"

_SERIES_CHECKS: tuple[Callable[[Headers], None], ...] = (
    _PerImage(
        "unreadable",
        UnreadableFileError,
        lambda header: bool(header.damage),
        lambda header: f"{header.path.name} is damaged: {header.damage}",
        "copy or export the file again",
    ).check,
    _PerImage(
        "multi-frame",
        UnsupportedImageError,
        lambda header: header.frames > 1 and header.sop_class_uid not in ENHANCED_CLASSES,
        lambda header: f"{class_name(header.sop_class_uid)} with {header.frames} frames in a file",
        "only the enhanced classes say where each frame lies",
    ).check,
    _PerImage(
        "mosaic",
        UnsupportedImageError,
        lambda header: is_mosaic(header.image_type) and header.tile is None,
        lambda _: "many slices are tiled in one image, whose header does not say how",
        "export the series without mosaics",
    ).check,
    _PerImage(
        "colour",
        UnsupportedImageError,
        is_colour,
        lambda header: f"colour image ({header.photometric or 'no photometric interpretation'})",
        "convert grey-scale images",
    ).check,
    _Alike("mixed-patient", "patient", lambda header: header.patient_digest, is_identity=True).check,
    _Alike("mixed-study", "study", lambda header: header.study_uid, is_identity=True).check,
    _Alike("mixed-modality", "modality", lambda header: header.modality).check,
    _Alike("mixed-units", "unit", lambda header: f"{header.units} {header.suv_type}".strip()).check,
    _Alike("mixed-class", "storage class", lambda header: header.sop_class_uid, is_identity=True).check,
    _PerImage(
        "storage-class",
        UnsupportedImageError,
        lambda header: not _is_supported_class(header),
        lambda header: f"expected a CT, MR or PET image, found {class_name(header.sop_class_uid)}",
        _LATER,
    ).check,
    _PerImage(
        "no-position",
        NotOneVolumeError,
        has_no_place,
        lambda _: "no ImagePositionPatient or ImageOrientationPatient: where the image lies is unknown",
        "an anonymiser may have removed it; export the series again",
    ).check,
    _PerImage(
        "no-spacing",
        NotOneVolumeError,
        lambda header: header.spacing_ji_mm is None or min(header.spacing_ji_mm) <= 0,
        lambda header: f"expected a positive PixelSpacing, found {header.spacing_ji_mm}",
        "export the series again",
    ).check,
    _PerImage(
        "invalid-orientation",
        NotOneVolumeError,
        _is_oblong,
        lambda header: f"expected two unit vectors at a right angle, found {list(header.orientation or ())}",
        "ImageOrientationPatient is damaged; export the series again",
    ).check,
)

_VOLUME_CHECKS: tuple[Callable[[Headers], None], ...] = (
    _require_one_spacing,
    _Alike(
        "mixed-frame-of-reference",
        "frame of reference",
        lambda header: header.frame_of_reference_uid,
        is_identity=True,
    ).check,
    _Alike("mixed-photometric", "photometric interpretation", lambda header: header.photometric).check,
    _Alike("mixed-rescale", "kind of rescale", _rescale_kind).check,
    _PerImage(
        "modality-lut",
        UnsupportedImageError,
        lambda header: header.has_modality_lut,
        lambda _: "values are mapped by a modality lookup table, not by slope and intercept",
        _LATER,
    ).check,
    _PerImage(
        "rescale",
        UnsupportedImageError,
        lambda header: header.rescale is not None and not header.rescale.is_valid,
        lambda header: f"expected a RescaleSlope other than 0 and a RescaleIntercept, found {_shown(header)}",
        "export the series again",
    ).check,
    _PerImage(
        "pixel-cell",
        UnsupportedImageError,
        _has_odd_bits,
        lambda header: (
            f"expected cells of 8, 16 or 32 bits, found {header.bits.stored} bits in {header.bits.allocated}"
        ),
        _LATER,
    ).check,
    _PerImage(
        "high-bit",
        UnsupportedImageError,
        lambda header: header.bits.high != header.bits.stored - 1,
        lambda header: (
            f"expected values in the low bits of their cells, found HighBit {header.bits.high} with "
            f"{header.bits.stored} bits stored"
        ),
        _LATER,
    ).check,
    _PerImage(
        "transfer-syntax",
        UnsupportedImageError,
        lambda header: bool(missing_decoder(header)),
        missing_decoder,
        "install the package, or export the series uncompressed",
    ).check,
)
