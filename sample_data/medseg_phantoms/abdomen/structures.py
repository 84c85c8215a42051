"""What the labels of the abdominal phantom mean."""

from __future__ import annotations

from medseg.labelmap import Code, Structure

LIVER = Structure("liver", "Liver", 1, "#b5651d", Code("SCT", "10200004", "Liver"))
TUMOUR = Structure(
    "tumour", "Liver tumour", 2, "#f4d03f", Code("SCT", "108369006", "Neoplasm"), part_of="liver"
)
NECROSIS = Structure(
    "necrosis", "Necrotic core", 3, "#a569bd", Code("SCT", "6574001", "Necrosis"), part_of="tumour"
)
VESSELS = Structure(
    "vessels", "Hepatic vessels", 4, "#4d8dff", Code("SCT", "59820001", "Blood Vessel"), part_of="liver"
)
SPINE = Structure("spine", "Spine", 5, "#00e5ff", Code("SCT", "421060004", "Spine"))
KIDNEY_RIGHT = Structure("kidney-right", "Right kidney", 6, "#e74c3c", Code("SCT", "9846003", "Right kidney"))
KIDNEY_LEFT = Structure("kidney-left", "Left kidney", 7, "#ff8fa3", Code("SCT", "18639004", "Left kidney"))
SPLEEN = Structure("spleen", "Spleen", 8, "#2ecc71", Code("SCT", "78961009", "Spleen"))

STRUCTURES = (LIVER, TUMOUR, NECROSIS, VESSELS, SPINE, KIDNEY_RIGHT, KIDNEY_LEFT, SPLEEN)
