"""Each word by which a damage of a study is named stands in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "medseg" / "workflows" / "study"


def words():
    """The words of the source: as they stand, and those made of the kind of a record."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in (*SOURCE.rglob("checking/*.py"), SOURCE / "check_study.py")
    ]
    found = {word for text in texts for word in re.findall(r'(?:Damage|_unlike)\(\s*"([a-z-]+)"', text)}
    records = {
        f"{kind}-{end}" for kind in ("case", "read", "revision") for end in ("differs", "missing", "unknown")
    }
    return found | records | {"left-over"}


def test_each_word_is_documented():
    page = (
        (ROOT / "docs" / "reasons.md")
        .read_text(encoding="utf-8")
        .split("## What `medseg study check` names")[1]
    )
    assert len(words()) > 30
    assert sorted(word for word in words() if f"`{word}`" not in page) == []
    assert (
        sorted(set(re.findall(r"`([a-z]+(?:-[a-z]+)+|ledger|clock)`", page)) - words() - {"state-differs"})
        == []
    )
