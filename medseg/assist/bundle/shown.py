"""Texts of a bundle, in messages: whoever made it may have put anything into them."""

from __future__ import annotations


def shown(text: object, most: int = 80) -> str:
    """A text on one line, cut to a number of letters, and without what a terminal would act on."""
    plain = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(plain.split())[:most]
