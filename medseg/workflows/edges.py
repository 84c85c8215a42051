"""What the image tells of an outline; see :mod:`medseg.assist`."""

from __future__ import annotations

from medseg.assist.live_wire import LiveWire
from medseg.assist.outline_matching import PlaneImage, carry_over

__all__ = ["LiveWire", "PlaneImage", "carry_over"]
