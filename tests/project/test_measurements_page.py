"""The page of definitions says what the numbers are."""

from __future__ import annotations

import runpy
from pathlib import Path

from medseg.measurement.concepts import CONCEPTS

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_concepts_say():
    page = runpy.run_path(str(ROOT / "tools" / "make_measurement_docs.py"))["page"]()
    written = (ROOT / "docs" / "measurement-definitions.md").read_text()
    assert written == page, "run: python tools/make_measurement_docs.py"
    assert [key for key in CONCEPTS if f"| `{key}` |" not in written] == []
