"""ITK-SNAP's label descriptions, both ways."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import LabelMapError, MedsegError, OutputExistsError, UnreadableFileError
from medseg.io.itksnap_labels import (
    ItkSnapLabel,
    read_itksnap_descriptions,
    read_itksnap_labels,
    write_itksnap_labels,
)
from medseg.labelmap import Structure

STRUCTURES = (
    Structure("liver", "Leber – größer", 1, "#dd8265"),
    Structure("t", "Tumour 2", 65535, "#00ff0a"),
)

ITKSNAP = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
################################################
    0     0    0    0        0  0  0    "Clear Label"
    1   255    0    0        1  1  1    "Label 1"
    2     0  255    0     0.45  0  1    "Grey "white" matter"
  300     0    0  255      .5   1  0    ""
"""


def test_structures_come_back(tmp_path):
    assert write_itksnap_labels(STRUCTURES, tmp_path / "a.txt") == ()
    back = read_itksnap_labels(tmp_path / "a.txt")
    assert [(s.name, s.label, s.color) for s in back] == [(s.name, s.label, s.color) for s in STRUCTURES]
    with pytest.raises(OutputExistsError):
        write_itksnap_labels(STRUCTURES, tmp_path / "a.txt")


def test_the_file_looks_as_itksnap_writes_it(tmp_path):
    write_itksnap_labels(STRUCTURES, tmp_path / "a.txt")
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "# ITK-SnAP Label Description File"
    assert lines[-3].split(None, 7) == ["0", "0", "0", "0", "0", "0", "0", '"Clear Label"']
    assert lines[-2].split(None, 7) == ["1", "221", "130", "101", "1", "1", "1", '"Leber – größer"']


def test_what_itksnap_wrote_is_read_whole(tmp_path):
    (tmp_path / "a.txt").write_text(ITKSNAP)
    assert read_itksnap_descriptions(tmp_path / "a.txt") == (
        ItkSnapLabel(0, "#000000", "Clear Label", 0, visible=False, mesh_visible=False),
        ItkSnapLabel(1, "#ff0000", "Label 1"),
        ItkSnapLabel(2, "#00ff00", 'Grey "white" matter', 0.45, visible=False),
        ItkSnapLabel(300, "#0000ff", "", 0.5, mesh_visible=False),
    )
    names = [s.name for s in read_itksnap_labels(tmp_path / "a.txt")]
    assert names == ["Label 1", 'Grey "white" matter', "Label 300"]


def test_quotation_marks_become_single_ones_and_that_is_told(tmp_path):
    (note,) = write_itksnap_labels((Structure("a", 'The "a"', 1),), tmp_path / "a.txt")
    assert "quotation" in note
    assert read_itksnap_labels(tmp_path / "a.txt")[0].name == "The 'a'"


def test_two_layers_are_refused(tmp_path):
    two = (Structure("a", "A", 1), Structure("b", "B", 1, layer=1))
    with pytest.raises(LabelMapError) as caught:
        write_itksnap_labels(two, tmp_path / "a.txt")
    assert caught.value.details["reason"] == "several-layers"
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        '1 255 0 0 1 1 1 "a',
        '1 256 0 0 1 1 1 "a"',
        '1 255 0 0 2 1 1 "a"',
        '1 255 0 0 . 1 1 "a"',
        '-1 255 0 0 1 1 1 "a"',
        '1 255 0 0 1 2 1 "a"',
    ],
)
def test_other_lines_are_refused_with_their_number(tmp_path, line):
    (tmp_path / "a.txt").write_text(ITKSNAP + line)
    with pytest.raises(UnreadableFileError, match="line 10"):
        read_itksnap_labels(tmp_path / "a.txt")


@pytest.mark.parametrize("line", ['1 255 0 0 1 1 1 "again"', '70000 255 0 0 1 1 1 "a"'])
def test_labels_that_can_not_be(tmp_path, line):
    (tmp_path / "a.txt").write_text(ITKSNAP + line)
    with pytest.raises(LabelMapError):
        read_itksnap_labels(tmp_path / "a.txt")


def test_what_is_not_there(tmp_path):
    with pytest.raises(UnreadableFileError):
        read_itksnap_labels(tmp_path / "a.txt")


@given(st.binary(max_size=60))
def test_whatever_a_file_holds_gives_structures_or_a_typed_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("a") / "a.txt"
    path.write_bytes(content)
    with contextlib.suppress(MedsegError):
        read_itksnap_labels(path)
