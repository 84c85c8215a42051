"""The abdominal CT phantom: a liver with a tumour, and what lies around it."""

from medseg_phantoms.abdomen.acquisition import abdominal_ct

__all__ = ["abdominal_ct"]
