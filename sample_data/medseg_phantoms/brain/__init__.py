"""The brain MR phantom: a tumour with oedema, on a double-oblique grid."""

from medseg_phantoms.brain.acquisition import brain_mr

__all__ = ["brain_mr"]
