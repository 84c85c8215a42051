"""What the values of images measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import modality_of
from medseg.io.dicom.options import ReadOptions
from medseg.volume.volume import Quantity


@dataclass(frozen=True)
class Values:
    """What the values of a series are and what they are multiplied by.

    Attributes:
        scales: By image, what its values are multiplied by after the rescale; empty where nothing is.
        warnings: What a user should know about them.
    """

    quantity: Quantity
    scales: Mapping[ImageHeader, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def scales_of(self, headers: Sequence[ImageHeader]) -> tuple[float, ...]:
        """One factor an image, or none where all are 1."""
        return tuple(self.scales[header] for header in headers) if self.scales else ()


def values_of(headers: Sequence[ImageHeader], options: ReadOptions) -> Values:
    """Name the quantity of a sound series.

    Args:
        headers: All images of the series: what PET is corrected to depends on the first of them.
        options: What PET is converted to.

    Raises:
        UnsupportedImageError: PET in units that medseg has no name for.
    """
    modality = modality_of(headers[0])
    if modality == "CT":
        return _ct_values(headers[0])
    if modality == "PT":
        return _pet_values(headers, options)
    return _philips_values(headers) if options.philips_private_scaling else Values(Quantity.ARBITRARY)


def _philips_values(headers: Sequence[ImageHeader]) -> Values:
    """Values before the scanner scaled each image to its range: rescaled / (RescaleSlope · private slope).

    Chenevert et al., "Errors in quantitative image analysis due to platform-dependent image scaling",
    Translational Oncology 2014;7:65-71.
    """
    slopes = [
        header.philips_scale_slope * header.rescale.slope
        if header.philips_scale_slope and header.rescale
        else 0.0
        for header in headers
    ]
    if not all(slopes):
        absent = sum(not slope for slope in slopes)
        remark = (
            f"The private scale slope of Philips is missing in {absent} of {len(headers)} images: not used."
        )
        return Values(Quantity.ARBITRARY, warnings=(remark,))
    scales = {header: 1 / slope for header, slope in zip(headers, slopes, strict=True)}
    return Values(Quantity.ARBITRARY, scales, ("Values are scaled by the private factors of Philips.",))


def _ct_values(header: ImageHeader) -> Values:
    """HU unless the header says otherwise (PS3.3 C.8.2.1.1.2: RescaleType absent means HU)."""
    if header.rescale is None:
        warning = "This CT has no RescaleSlope and RescaleIntercept: values are not HU."
        return Values(Quantity.ARBITRARY, warnings=(warning,))
    if header.rescale_type not in ("", "HU"):
        warning = f"The values of this CT are {header.rescale_type}, not HU."
        return Values(Quantity.ARBITRARY, warnings=(warning,))
    return Values(Quantity.HU)


def _pet_values(headers: Sequence[ImageHeader], options: ReadOptions) -> Values:
    # Imported here, and in the header: most series are no PET, and starting up has to be quick.
    from medseg.io.dicom.suv import PetFacts, pet_scale

    scale = pet_scale([header.pet or PetFacts() for header in headers], options.pet_unit)
    is_scaled = any(factor != 1 for factor in scale.factors)
    scales = dict(zip(headers, scale.factors, strict=True)) if is_scaled else {}
    return Values(scale.quantity, scales, scale.warnings)
