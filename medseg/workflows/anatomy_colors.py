"""Which colour a structure gets, by what it is.

DICOM has a place for a recommended colour in each segment (0062,000D), but PS3.16 recommends none, nor do
pydicom or highdicom. So these are ours, by habits that readers share: arteries red, veins blue, nerves
yellow, bones ivory, bile green, tumours in colours that no healthy tissue has. All are bright and strong
enough to be seen as an outline on a grey image.
"""

from __future__ import annotations

from collections.abc import Iterable

from medseg.io.anatomy_codes import AnatomyCode, Kind
from medseg.labelmap import PALETTE

_BY_CODE = {
    # Lesions
    ("SCT", "372087000"): "#ff3d7f",  # Neoplasm, Primary
    ("SCT", "14799000"): "#ff9a1f",  # Neoplasm, Secondary
    ("SCT", "108369006"): "#ff5c5c",  # Neoplasm
    ("NCIt", "C113842"): "#ffd21f",  # Enhancing Lesion
    ("NCIt", "C81175"): "#ff4fd8",  # Non-Enhancing Lesion
    ("SCT", "6574001"): "#b06bff",  # Necrosis
    ("SCT", "79654002"): "#35d6e8",  # Edema
    ("SCT", "50960005"): "#ff2d2d",  # Hemorrhage
    ("SCT", "75753009"): "#d93a6a",  # Blood clot
    ("SCT", "367643001"): "#5fb4ff",  # Cyst
    ("SCT", "44132006"): "#c7d92b",  # Abscess
    # Targets of radiotherapy
    ("SCT", "228791009"): "#ff3b3b",  # GTV
    ("DCM", "130052"): "#ff3b3b",  # GTV Primary
    ("DCM", "130051"): "#ff8a3b",  # GTV Nodal
    ("SCT", "228792002"): "#ff5ce1",  # CTV
    ("SCT", "228793007"): "#3fa2ff",  # PTV
    ("DCM", "130056"): "#a8ff3b",  # ITV
    # Organs
    ("SCT", "10200004"): "#c98a4b",  # Liver
    ("SCT", "28231008"): "#5fd35f",  # Gallbladder
    ("SCT", "78961009"): "#b07ad9",  # Spleen
    ("SCT", "15776009"): "#f2c14e",  # Pancreas
    ("SCT", "64033007"): "#e0803c",  # Kidney
    ("SCT", "23451007"): "#f2e03d",  # Adrenal gland
    ("SCT", "69695003"): "#f08fa8",  # Stomach
    ("SCT", "38848004"): "#7fd6b5",  # Duodenum
    ("SCT", "30315005"): "#8fd68a",  # Small intestine
    ("SCT", "71854001"): "#c2b04a",  # Colon
    ("SCT", "34402009"): "#c77f5a",  # Rectum
    ("SCT", "89837001"): "#f5e663",  # Bladder
    ("SCT", "41216001"): "#5aa0e6",  # Prostate
    ("SCT", "35039007"): "#f28fc0",  # Uterus
    ("SCT", "76752008"): "#f5b0a8",  # Breast
    ("SCT", "39607008"): "#79c7f2",  # Lung
    ("SCT", "44567001"): "#9be3f5",  # Trachea
    ("SCT", "32849002"): "#d6996b",  # Esophagus
    ("SCT", "80891009"): "#e0554f",  # Heart
    ("SCT", "69748006"): "#8ae06b",  # Thyroid
    ("SCT", "12738006"): "#f2c6b0",  # Brain
    ("SCT", "119238007"): "#7fe0d0",  # Brain Stem
    ("SCT", "113305005"): "#9fa8f5",  # Cerebellum
    ("SCT", "2748008"): "#f2f06b",  # Spinal cord
    ("SCT", "32764006"): "#4a86f0",  # Portal vein
}
"""By scheme and value."""

_BY_WORD = (
    ("lymph", "#4fd18a"),
    ("artery", "#ff4d4d"),
    ("aorta", "#ff5a4d"),
    ("vein", "#4d8dff"),
    ("vena", "#4d8dff"),
    ("vessel", "#f0556b"),
    ("nerve", "#f5e050"),
    ("plexus", "#f5e050"),
    ("vertebra", "#efe0a8"),
    ("disc", "#9fd0c0"),
    ("muscle", "#d9655a"),
    ("bone", "#efe0a8"),
    ("cartilage", "#a8d8e0"),
    ("ligament", "#d8d2a0"),
    ("tendon", "#d8d2a0"),
    ("duct", "#6fd06f"),
    ("ventricle", "#6fc0f0"),
    ("lung", "#79c7f2"),
    ("lobe", "#79c7f2"),
    ("fat", "#f2d45c"),
    ("skin", "#e8b890"),
)
"""By a word inside of the meaning, the first that fits."""

_BY_KIND = {
    Kind.ABNORMALITY: "#ff6f61",
    Kind.TARGET: "#ff3b3b",
    Kind.SUBSTANCE: "#b8d94a",
    Kind.TISSUE: "#d9a066",
    Kind.ANATOMY: "#6fc7a6",
}

ALIKE = 60.0
"""Colours nearer to each other than this can be mixed up in thin outlines (redmean distance, 0 to 765)."""


def recommended_color(anatomy: AnatomyCode) -> str:
    """The colour for a code of the list, ``#rrggbb``."""
    code = anatomy.code
    by_code = _BY_CODE.get((code.scheme, code.value))
    if by_code is not None:
        return by_code
    meaning = code.meaning.casefold()
    return next((color for word, color in _BY_WORD if word in meaning), _BY_KIND[anatomy.kind])


def color_beside(color: str, taken: Iterable[str]) -> str:
    """A colour, or another one where a structure of the case has it already or almost.

    Args:
        color: The colour that is wanted, ``#rrggbb``.
        taken: The colours that the structures have.
    """
    others = tuple(taken)
    if not others or _nearest(color, others) > ALIKE:
        return color
    return max(PALETTE, key=lambda candidate: _nearest(candidate, others))


def color_distance(first: str, second: str) -> float:
    """How different two colours look, from 0 to about 765.

    The "redmean" approximation of T. Riemersma, Colour metric, CompuPhase (2006): weighted sRGB differences,
    which is enough to tell whether two outlines could be mixed up.
    """
    (r1, g1, b1), (r2, g2, b2) = bytes.fromhex(first[1:]), bytes.fromhex(second[1:])
    red = (r1 + r2) / 2
    weights = (2 + red / 256, 4.0, 2 + (255 - red) / 256)
    squares = ((r1 - r2) ** 2, (g1 - g2) ** 2, (b1 - b2) ** 2)
    return float(sum(w * s for w, s in zip(weights, squares, strict=True)) ** 0.5)


def _nearest(color: str, others: Iterable[str]) -> float:
    return min(color_distance(color, other) for other in others)
