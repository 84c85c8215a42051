"""Why a series is not one volume: the table of refusals, in the order in which they are looked for.

Each refusal has a stable word (``reason`` in the error's details). The causes come before their
consequences: an enhanced image has one file only, but "multi-frame" is why it is refused, not "one-slice".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGExtended12Bit

from medseg.errors import InputError, NotOneVolumeError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.geometry import ACCEPTED_MM
from medseg.io.dicom.header import ImageHeader, lenient, syntax_of
from medseg.io.dicom.kinds import VOLUME_CLASSES, class_name

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
    """Whether the values point to a person: they are counted then, not shown."""

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


def require_one_volume(headers: Headers) -> None:
    """Refuse what no grid and no rescale could turn into one volume.

    Args:
        headers: The images of one series, at least one.

    Raises:
        UnreadableFileError: A file is damaged or cut off.
        UnsupportedImageError: A kind of image, pixel or transfer syntax that is not read.
        NotOneVolumeError: The images differ in what must be common, or are too few.
    """
    for check in _CHECKS:
        check(headers)


def _value3(header: ImageHeader) -> str:
    """The third value of ImageType: how the image was acquired (PS3.3 C.7.6.1.1.2)."""
    return header.image_type[2] if len(header.image_type) > 2 else ""


def _is_localizer(header: ImageHeader) -> bool:
    return "LOCALIZER" in (_value3(header), *header.image_type[3:])


def _mr_contrast(header: ImageHeader) -> str:
    """Magnitude, phase and real images of one acquisition share its positions and differ in value 3."""
    return _value3(header) if VOLUME_CLASSES.get(header.sop_class_uid, header.modality) == "MR" else ""


def _is_supported_class(header: ImageHeader) -> bool:
    if header.sop_class_uid:
        return header.sop_class_uid in VOLUME_CLASSES
    return header.modality in VOLUME_CLASSES.values()


def _is_oblong(header: ImageHeader) -> bool:
    """Whether the two directions are not unit vectors at a right angle."""
    row, column = np.array(header.orientation).reshape(2, 3)
    errors = np.array([np.linalg.norm(row) - 1, np.linalg.norm(column) - 1, row @ column])
    return bool(np.abs(errors).max() > COSINE_TOLERANCE)


def _has_odd_bits(header: ImageHeader) -> bool:
    bits = header.bits
    return bits.allocated not in CELL_BITS or not 1 <= bits.stored <= bits.allocated


def _can_decode(header: ImageHeader) -> bool:
    try:
        with lenient():
            decoder = get_decoder(header.transfer_syntax_uid)
    except NotImplementedError:
        return False
    plugins = set(decoder.available_plugins)
    if header.transfer_syntax_uid == JPEGExtended12Bit and header.bits.stored != CELL_BITS[0]:
        plugins -= {"gdcm", "pillow"}  # their decoders of this syntax are for 8 bits only
    return bool(decoder.is_native or plugins)


def _has_no_place(header: ImageHeader) -> bool:
    return header.position_lps_mm is None or header.orientation is None


def _rescale_kind(header: ImageHeader) -> str:
    if header.rescale is None:
        return "no rescale"
    # PS3.3 C.8.2.1.1.2: a CT without RescaleType is in HU.
    return f"rescale to {header.rescale_type or ('HU' if header.modality == 'CT' else 'unspecified')}"


def _require_one_orientation(headers: Headers) -> None:
    """Compare directions by how far they would move the far corner of the image."""
    cosines = np.array([header.orientation for header in headers])
    extents_mm = np.array(_extents_mm(headers[0]))
    off = (cosines - cosines[0]).reshape(-1, 2, 3)
    # The row direction runs along the columns: the first cosines belong to the second extent.
    moved_mm = np.linalg.norm(off, axis=2) @ extents_mm[::-1]
    if moved_mm.max() > ACCEPTED_MM:
        orientations = np.unique(cosines.round(3), axis=0)
        raise NotOneVolumeError(
            f"expected one orientation in a series, found {max(len(orientations), 2)}: image corners are "
            f"{moved_mm.max():.3g} mm apart from rotation alone",
            hint="localizers, radial series and reformats in several planes are not one volume",
            reason="mixed-orientation",
            orientations=len(orientations),
        )


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


def _extents_mm(header: ImageHeader) -> tuple[float, float]:
    row_mm, column_mm = header.spacing_ji_mm or (0.0, 0.0)
    return row_mm * header.rows, column_mm * header.columns


def _require_several(headers: Headers) -> None:
    if len(headers) == 1:
        raise NotOneVolumeError(
            "expected at least two slices, found one: the distance between slices is unknown",
            hint="give the folder of the whole series",
            reason="one-slice",
        )


_LATER = "a kind of image that this version does not read"

_CHECKS: tuple[Callable[[Headers], None], ...] = (
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
        lambda header: header.frames > 1 or "Enhanced" in class_name(header.sop_class_uid),
        lambda header: f"{class_name(header.sop_class_uid)} with {header.frames} frames in a file",
        _LATER,
    ).check,
    _PerImage(
        "mosaic",
        UnsupportedImageError,
        lambda header: "MOSAIC" in header.image_type,
        lambda _: "many slices are tiled in one image",
        _LATER,
    ).check,
    _PerImage(
        "colour",
        UnsupportedImageError,
        lambda header: header.samples_per_pixel != 1 or not header.photometric.startswith("MONOCHROME"),
        lambda header: f"colour image ({header.photometric or 'no photometric interpretation'})",
        "convert grey-scale images",
    ).check,
    _Alike("mixed-patient", "patient", lambda header: header.patient_digest, is_identity=True).check,
    _Alike("mixed-study", "study", lambda header: header.study_uid, is_identity=True).check,
    _Alike("mixed-modality", "modality", lambda header: header.modality).check,
    _Alike("mixed-class", "storage class", lambda header: class_name(header.sop_class_uid)).check,
    _PerImage(
        "storage-class",
        UnsupportedImageError,
        lambda header: not _is_supported_class(header),
        lambda header: f"expected a CT, MR or PET image, found {class_name(header.sop_class_uid)}",
        _LATER,
    ).check,
    _PerImage(
        "localizer",
        NotOneVolumeError,
        _is_localizer,
        lambda _: "a planning image, not a slice of a volume",
        "give the series that was planned on it, or move the localizer out of its folder",
    ).check,
    _PerImage(
        "no-position",
        NotOneVolumeError,
        _has_no_place,
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
    _require_one_orientation,
    _Alike("mixed-size", "image size", lambda header: f"{header.rows}×{header.columns}").check,
    _require_one_spacing,
    _Alike(
        "mixed-frame-of-reference", "frame of reference", lambda header: header.frame_of_reference_uid
    ).check,
    _Alike(
        "mixed-image-type",
        "kind of MR image (ImageType value 3)",
        _mr_contrast,
        "magnitude, phase or other images share the series; export each kind on its own",
    ).check,
    _Alike("mixed-photometric", "photometric interpretation", lambda header: header.photometric).check,
    _PerImage(
        "monochrome1",
        UnsupportedImageError,
        lambda header: header.photometric != "MONOCHROME2",
        lambda header: f"expected MONOCHROME2, found {header.photometric}: small values shown white",
        _LATER,
    ).check,
    _Alike("mixed-units", "unit", lambda header: f"{header.units} {header.suv_type}".strip()).check,
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
        lambda header: f"expected a RescaleSlope other than 0, found {header.rescale}",
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
        lambda header: not _can_decode(header),
        lambda header: f"no decoder for {syntax_of(header).name or 'an unnamed transfer syntax'}",
        "export the series uncompressed",
    ).check,
    _require_several,
)
