"""Studies with people and a phantom case."""

from __future__ import annotations

from study_cases import site, studies

__all__ = ["site", "studies"]
