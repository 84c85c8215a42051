"""Which case the layers of a viewer show."""

from __future__ import annotations

from typing import Any

from napari_medseg.case import Case
from napari_medseg.display import METADATA_KEY


def case_in(viewer: Any) -> Case | None:
    """The case whose image is in a viewer; None where there is none, or several, so that none is meant."""
    if viewer is None:
        return None
    shown = (layer.metadata.get(METADATA_KEY) for layer in viewer.layers)
    cases = {id(case): case for case in shown if isinstance(case, Case)}
    return next(iter(cases.values())) if len(cases) == 1 else None
