"""Studies with people and a phantom case."""

from __future__ import annotations

from study_cases import site, stays_sound, studies

__all__ = ["site", "stays_sound", "studies"]
