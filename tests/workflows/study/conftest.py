"""Studies with people and a phantom case."""

from __future__ import annotations

from lived_study import lived, lived_site
from study_cases import site, stays_sound, studies

__all__ = ["lived", "lived_site", "site", "stays_sound", "studies"]
