"""Text in a PDF: fonts that travel with it, letters that they lack, lines of a width."""

from __future__ import annotations

from collections.abc import Iterator

MM = 72 / 25.4
"""Points."""

A4 = (210 * MM, 297 * MM)

FONT, BOLD = "Vera", "VeraBd"
"""Bitstream Vera, which reportlab brings along; its licence lets anybody embed it."""


def register_fonts() -> None:
    """Make the two fonts known to reportlab."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (FONT, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))


def shown(text: str) -> str:
    """Text in letters that the font has, which knows those of Western Europe.

    One that it lacks is written as its code, such as ``{U+017A}``: nothing is left out.
    """
    from reportlab.pdfbase import pdfmetrics

    known = pdfmetrics.getFont(FONT).face.charToGlyph
    return "".join(letter if ord(letter) in known else f"{{U+{ord(letter):04X}}}" for letter in text)


def width_of(text: str, font: str, size: float) -> float:
    """How wide a line is, in points."""
    from reportlab.pdfbase import pdfmetrics

    return float(pdfmetrics.stringWidth(text, font, size))


def wrapped(text: str, font: str, size: float, width: float) -> Iterator[str]:
    """Lines of words, and of pieces of words that are longer than a line, such as digests."""
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width_of(candidate, font, size) <= width:
            line = candidate
            continue
        if line:
            yield line
        while width_of(word, font, size) > width:
            # At least one letter a line, however narrow it is.
            fits = (n for n in range(len(word), 1, -1) if width_of(word[:n], font, size) <= width)
            cut = next(fits, 1)
            yield word[:cut]
            word = word[cut:]
        line = word
    yield line
