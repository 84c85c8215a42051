"""What the labels of the brain phantom mean."""

from __future__ import annotations

from medseg.labelmap import Code, Structure

BRAIN = Structure("brain", "Brain", 1, "#7fb3d5", Code("SCT", "12738006", "Brain"))
VENTRICLES = Structure(
    "ventricles", "Ventricles", 2, "#2ecc71", Code("SCT", "35764002", "Brain ventricle"), part_of="brain"
)
OEDEMA = Structure("oedema", "Oedema", 3, "#f5b041", Code("SCT", "79654002", "Edema"), part_of="brain")
TUMOUR = Structure(
    "tumour", "Brain tumour", 4, "#e74c3c", Code("SCT", "108369006", "Neoplasm"), part_of="brain"
)
NECROSIS = Structure(
    "necrosis", "Necrotic core", 5, "#a569bd", Code("SCT", "6574001", "Necrosis"), part_of="tumour"
)

STRUCTURES = (BRAIN, VENTRICLES, OEDEMA, TUMOUR, NECROSIS)
