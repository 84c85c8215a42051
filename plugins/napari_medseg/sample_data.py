"""The sample data menu: phantoms, made when asked for."""

from __future__ import annotations

from medseg.workflows.sample_data import sample_volume
from napari_medseg.case import Case
from napari_medseg.reader import LayerData, image_layer


def abdominal_ct() -> list[LayerData]:
    """An abdominal CT with a liver tumour."""
    return _image_of("abdomen")


def brain_mr() -> list[LayerData]:
    """An oblique brain MR."""
    return _image_of("brain")


def _image_of(name: str) -> list[LayerData]:
    volume, _ = sample_volume(name)
    return [image_layer(Case(volume, name))]
