"""The compliance page names each line of the rules, and tests that are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")

PART_11 = (
    [f"11.10({letter})" for letter in "abcdefghijk"]
    + ["11.30", "11.50(a)", "11.50(b)", "11.70"]
    + [f"11.100({letter})" for letter in "abc"]
    + ["11.200(a)(1)", "11.200(a)(2)", "11.200(a)(3)", "11.200(b)"]
    + [f"11.300({letter})" for letter in "abcde"]
)
ANNEX_11 = [str(number) for number in range(1, 18)]


def rows():
    """The first cell of each row, and its columns."""
    found = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): cells for cells in found}


def test_each_line_of_part_11_stands_there():
    assert [line for line in PART_11 if line not in rows()] == []


def test_each_clause_of_annex_11_stands_there():
    numbers = {first.split(" ")[0].split(".")[0] for first in rows() if not first.startswith("11.")}
    assert [clause for clause in ANNEX_11 if clause not in numbers] == []


@cache
def functions_of(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_each_test_that_is_named_is_there(path, name):
    assert (ROOT / path).is_file()
    assert name in functions_of(path)


def test_each_row_says_what_is_done_and_what_is_left():
    for first, cells in rows().items():
        assert len(cells) == 5, first
        _, asks, medseg, site, tested = (cell.strip() for cell in cells)
        assert asks, first
        assert medseg or site, first
        assert "::" in tested or "tested" in tested or "---" in tested or not tested, first
    assert len(NAMED) > 60


def test_nothing_is_called_compliant():
    assert re.findall(r"compliant", PAGE, re.IGNORECASE) == []
    assert "claims no compliance" in PAGE
