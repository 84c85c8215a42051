"""A tumour with an enhancing rim and a necrotic core, and the oedema that it causes."""

from __future__ import annotations

from medseg_phantoms.brain import tissue
from medseg_phantoms.brain.cerebrum import WHITE_MATTER
from medseg_phantoms.brain.structures import BRAIN, NECROSIS, OEDEMA, TUMOUR
from medseg_phantoms.combine import Grown, Rough, Union, Within
from medseg_phantoms.painting import Paint
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Ellipsoid

TUMOUR_SOLID = Rough(
    Union(
        (
            Ellipsoid((33, -27, 36), (13, 14, 13)),
            Ellipsoid((28, -15, 31), (10, 9, 9)),
            Ellipsoid((38, -38, 32), (9, 8, 9)),
            Ellipsoid((34, -24, 46), (9, 10, 8)),
        ),
        blend_mm=5,
    ),
    Waves(1.8, 13, seed=61, count=6),
    highest_mm=1.8,
)

RIM_MM = 3.2

NECROSIS_SOLID = Rough(Grown(TUMOUR_SOLID, -RIM_MM - 0.8), Waves(1.6, 9, seed=62), highest_mm=1.6)

OEDEMA_SOLID = Within(
    Rough(
        Union((Ellipsoid((34, -20, 35), (23, 31, 23)), Ellipsoid((30, 12, 33), (13, 18, 13))), blend_mm=12),
        Waves(5, 26, seed=63),
        highest_mm=5,
    ),
    WHITE_MATTER,
)
"""Oedema spreads along the white matter like fingers of a glove and spares the cortex."""


def tumour() -> list[Paint]:
    """Oedema, then the tumour on it, then its core."""
    return [
        Paint(OEDEMA_SOLID, tissue.OEDEMA, label=OEDEMA.label, onto=(BRAIN.label,)),
        Paint(TUMOUR_SOLID, tissue.ENHANCING_RIM, label=TUMOUR.label),
        Paint(NECROSIS_SOLID, tissue.NECROSIS, label=NECROSIS.label),
    ]
