"""Make docs/images/report.png and follow-up.png from the phantom of the abdomen.

The sheet is what medseg writes as PDF, drawn by Pillow: the pictures need no program that shows PDF.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import reportlab
from PIL import Image, ImageColor, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt

from medseg.contour import ContourSet
from medseg.io.nifti.image import write_image
from medseg.io.pdf_text import A4
from medseg.io.report_pdf import draw_report
from medseg.labelmap import LabelMap
from medseg.volume import Quantity, Volume
from medseg.workflows.case_report import CaseReport, case_report
from medseg.workflows.people import create_key, create_trust
from medseg.workflows.sample_data import sample_volume
from medseg.workflows.save import save_label_map
from medseg.workflows.sign import sign

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
FONTS = Path(reportlab.__file__).parent / "fonts"

PEOPLE = {"ada": ("Ada Reader", "annotator"), "ben": ("Ben Radiologist", "radiologist")}
PASSPHRASE = "only for a picture"
PIXELS_PER_POINT = 1.7

SHRINKING_MM = 9.0
"""What the tumour loses all around until the second time."""


class PillowCanvas:
    """As much of reportlab's canvas as a report needs, with a picture instead of a PDF."""

    def __init__(self) -> None:
        size = tuple(round(side * PIXELS_PER_POINT) for side in A4)
        self.picture = Image.new("RGB", size, "white")
        self._draw = ImageDraw.Draw(self.picture)
        self._font: Any = None
        self._fill = self._stroke = "black"

    def setTitle(self, _title: str) -> None:  # noqa: N802 - the names are reportlab's
        """Nothing to see."""

    def showPage(self) -> None:  # noqa: N802
        """There is one page."""

    def setLineWidth(self, _points: float) -> None:  # noqa: N802
        """Lines are a pixel wide."""

    def setFont(self, name: str, size: float) -> None:  # noqa: N802
        """Choose a font."""
        self._font = ImageFont.truetype(str(FONTS / f"{name}.ttf"), size * PIXELS_PER_POINT)

    def setFillColor(self, color: str) -> None:  # noqa: N802
        """Choose the colour of text and areas."""
        self._fill = color

    def setStrokeColor(self, color: str) -> None:  # noqa: N802
        """Choose the colour of lines."""
        self._stroke = color

    def drawString(self, x: float, y: float, text: str) -> None:  # noqa: N802
        """Draw a line of text."""
        self._draw.text(self._at(x, y), text, self._fill, self._font, "ls")

    def line(self, *ends: float) -> None:
        """Draw a line."""
        self._draw.line([self._at(*ends[:2]), self._at(*ends[2:])], self._stroke)

    def circle(self, x: float, y: float, radius: float, **_how: int) -> None:
        """Draw a dot."""
        box = [self._at(x - radius, y + radius), self._at(x + radius, y - radius)]
        self._draw.ellipse(box, ImageColor.getrgb(self._fill))

    def roundRect(self, x: float, y: float, width: float, height: float, radius: float, **_how: int) -> None:  # noqa: N802
        """Draw a box."""
        box = [self._at(x, y + height), self._at(x + width, y)]
        self._draw.rounded_rectangle(box, radius * PIXELS_PER_POINT, self._fill, self._stroke)

    def drawImage(self, image: Any, x: float, y: float, width: float, height: float) -> None:  # noqa: N802
        """Draw a picture."""
        size = (round(width * PIXELS_PER_POINT), round(height * PIXELS_PER_POINT))
        shown = Image.open(image.fp).convert("RGB").resize(size, Image.Resampling.LANCZOS)
        self.picture.paste(shown, self._at(x, y + height))

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return round(x * PIXELS_PER_POINT), round((A4[1] - y) * PIXELS_PER_POINT)


def reported(folder: Path, volume: Volume, truth: LabelMap, *, signed: bool) -> CaseReport:
    """The report of a label map, saved and signed by two people."""
    folder.mkdir()
    image = folder / "image.nii.gz"
    write_image(volume, image)
    files = save_label_map(
        folder / "case_dseg.nii.gz",
        truth,
        grid=volume.grid,
        source=volume.source,
        contours=ContourSet(),
        author="Ada Reader",
    )
    trust = None
    if signed:
        keys = [folder / f"{person}.pem" for person in PEOPLE]
        for key, (name, role) in zip(keys, PEOPLE.values(), strict=True):
            create_key(key, name=name, role=role, passphrase=PASSPHRASE, person_id=key.stem)
        trust = folder / "keys"
        create_trust(
            trust, [key.with_suffix(".person.json") for key in keys], [(key, PASSPHRASE) for key in keys]
        )
        for key, meaning in zip(keys, ("submitted", "approved"), strict=True):
            sign(files.nifti, meaning=meaning, key=key, passphrase=PASSPHRASE, trust=trust)
    return case_report(
        files.nifti, image, trust=trust, title="Segmentation report: phantom", quantity=Quantity.HU
    )


def shrunk(volume: Volume, truth: LabelMap) -> tuple[Volume, LabelMap]:
    """The phantom after a treatment that worked: liver where the rim of the tumour was."""
    liver, tumour, core = (truth.structure(one) for one in ("liver", "tumour", "necrosis"))
    lesion = truth.mask_with_parts(tumour.id)
    depth_mm = distance_transform_edt(lesion, sampling=truth.grid.spacing_kji_mm)
    healed = lesion & (depth_mm <= SHRINKING_MM)
    labels = np.where(healed, liver.label, truth.voxels).astype(truth.voxels.dtype)
    # A core that reaches the rim would look like a tumour of its own.
    labels[(labels == core.label) & (depth_mm <= 1.5 * SHRINKING_MM)] = tumour.label
    voxels = np.array(volume.voxels)
    alike = volume.voxels[truth.mask(liver.id)]
    voxels[healed] = np.random.default_rng(1).choice(alike, int(healed.sum()))
    return replace(volume, voxels=voxels), LabelMap(truth.grid, (labels,), truth.structures)


def side_by_side(pngs: Iterable[bytes], gap: int = 10) -> Image.Image:
    """Pictures of one size in a row."""
    shown = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs]
    width, height = shown[0].size
    row = Image.new("RGB", (len(shown) * (width + gap) - gap, height), "white")
    for number, picture in enumerate(shown):
        row.paste(picture, (number * (width + gap), 0))
    return row


if __name__ == "__main__":
    volume, truth = sample_volume("abdomen")
    with tempfile.TemporaryDirectory() as temporary:
        baseline = reported(Path(temporary) / "baseline", volume, truth, signed=True)
        later = reported(Path(temporary) / "later", *shrunk(volume, truth), signed=False)
    canvas = PillowCanvas()
    draw_report(canvas, baseline)  # type: ignore[arg-type]
    canvas.picture.save(IMAGES / "report.png", optimize=True)
    pictures = [one for report in (baseline, later) for one in (report.slices[0].png, report.surfaces[0].png)]
    side_by_side(pictures).save(IMAGES / "follow-up.png", optimize=True)
