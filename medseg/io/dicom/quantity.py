"""What the values of a series measure."""

from __future__ import annotations

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.kinds import VOLUME_CLASSES
from medseg.volume.volume import Quantity

_PET_QUANTITIES: dict[tuple[str, str], Quantity] = {
    ("GML", "BW"): Quantity.SUVBW,
    ("GML", ""): Quantity.SUVBW,  # PS3.3 C.8.9.1: GML without SUVType is body weight
    ("BQML", ""): Quantity.BQML,
    ("CNTS", ""): Quantity.CNTS,
}
"""By Units and SUVType. Nothing is computed: only values that already are SUV are called SUV."""


def quantity_of(header: ImageHeader) -> tuple[Quantity, tuple[str, ...]]:
    """Name the quantity of an image, with what a user should know about it.

    Raises:
        UnsupportedImageError: PET in units that medseg has no name for.
    """
    modality = VOLUME_CLASSES.get(header.sop_class_uid, header.modality)
    if modality == "CT":
        return _ct_quantity(header)
    if modality == "PT":
        return _pet_quantity(header), ()
    return Quantity.ARBITRARY, ()


def _ct_quantity(header: ImageHeader) -> tuple[Quantity, tuple[str, ...]]:
    """HU unless the header says otherwise (PS3.3 C.8.2.1.1.2: RescaleType absent means HU)."""
    if header.rescale is None:
        return Quantity.ARBITRARY, ("This CT has no RescaleSlope and RescaleIntercept: values are not HU.",)
    if header.rescale_type not in ("", "HU"):
        return Quantity.ARBITRARY, (f"The values of this CT are {header.rescale_type}, not HU.",)
    return Quantity.HU, ()


def _pet_quantity(header: ImageHeader) -> Quantity:
    suv_type = header.suv_type if header.units == "GML" else ""
    try:
        return _PET_QUANTITIES[header.units, suv_type]
    except KeyError:
        found = " ".join(filter(None, [header.units or "none", suv_type]))
        raise UnsupportedImageError(
            f"expected PET units GML (body weight), BQML or CNTS, found {found}",
            hint="export the series in Bq/ml or as SUV by body weight",
            reason="units",
            units=header.units,
            suv_type=header.suv_type,
        ) from None
