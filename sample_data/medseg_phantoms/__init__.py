"""Phantoms: patients that were never born, with known truth."""

from medseg_phantoms.abdomen import abdominal_ct
from medseg_phantoms.brain import brain_mr
from medseg_phantoms.phantom import Phantom
from medseg_phantoms.registry import PHANTOMS, SIZES

__all__ = ["PHANTOMS", "SIZES", "Phantom", "abdominal_ct", "brain_mr"]
