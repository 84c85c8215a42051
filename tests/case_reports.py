"""A report with a bit of everything, without a case behind it."""

from __future__ import annotations

import io

from PIL import Image

from medseg.io.history_pictures import Picture
from medseg.io.report_content import CaseReport, Row, SignedLine, Standing
from medseg.io.report_pictures import CELL

HEADINGS = ("structure", "volume, ml", "in plane, mm", "mean ± SD, HU")


def picture(title: str, words: str, shade: int = 90) -> Picture:
    """A picture of one shade of grey."""
    buffer = io.BytesIO()
    Image.new("L", CELL, shade).save(buffer, format="PNG")
    return Picture(buffer.getvalue(), title, words)


SIGNED = Standing(
    "approved",
    True,
    "verified: this is what was signed",
    (
        SignedLine(
            "submitted", "Ada Annotator (annotator)", "2026-03-04 12:00:00+01:00 by the signer's clock"
        ),
        SignedLine(
            "approved",
            "Ben Radiologist (radiologist)",
            "2026-03-04 13:00:00+01:00, there by 2026-03-05 08:00:00+01:00 (checkpoint)",
            "margins are right",
        ),
    ),
)


def report(*, rows: int = 3, slices: int = 4, signatures: int = 1, **more: object) -> CaseReport:
    """A report of that many rows and pictures, and that many times the signatures of :data:`SIGNED`."""
    standing = Standing(SIGNED.badge, SIGNED.is_good, SIGNED.words, SIGNED.signatures * signatures)
    given = {
        "title": "Segmentation report",
        "facts": (("Grid", "40 × 192 × 192 voxels"), ("Label map", f"voxels sha256 {'a1' * 32}")),
        "standing": standing,
        "headings": HEADINGS,
        "rows": tuple(
            Row("#d02020", number % 3, (f"Structure {number}", "12.3", "45.6 × 7.8", "100.0 ± 20.00"))
            for number in range(rows)
        ),
        "remarks": ("Structure 1: 1.8 mm to the surface of Structure 0",),
        "slices": tuple(picture("axial", f"Slice {number}", 40 + number) for number in range(slices)),
        "surfaces": tuple(
            picture(f"3-D, from {side}", "Liver, Tumour", 200) for side in ("the front", "left")
        ),
        **more,
    }
    return CaseReport(**given)  # type: ignore[arg-type]
