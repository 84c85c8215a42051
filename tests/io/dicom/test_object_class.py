"""What kind of DICOM object a file holds, whatever is wrong with the file."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import CTImageStorage

from made_series import stored_object
from medseg.io.dicom.object_class import storage_class


def written(folder):
    path = folder / "a.dcm"
    stored_object(1, CTImageStorage).save_as(path, enforce_file_format=True)
    return path


def test_the_class_of_an_object(tmp_path):
    assert storage_class(written(tmp_path)) == CTImageStorage


def test_what_is_no_dicom_has_none(tmp_path):
    (tmp_path / "text.dcm").write_text("no DICOM")
    assert storage_class(tmp_path / "text.dcm") is None
    assert storage_class(tmp_path / "absent.dcm") is None
    assert storage_class(tmp_path) is None


@settings(max_examples=300)
@given(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_raises_nothing(tmp_path_factory, where, damage):
    path = written(tmp_path_factory.mktemp("damaged"))
    content = bytearray(path.read_bytes())
    at = 132 + int(where * (len(content) - 132))
    content[at : at + len(damage)] = damage
    path.write_bytes(content)
    found = storage_class(path)
    assert found is None or isinstance(found, str)
