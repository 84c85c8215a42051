"""The window that a DICOM series asks to be shown with."""

from __future__ import annotations

import pytest

from medseg.io.dicom.read import read_series


@pytest.mark.parametrize(
    ("centre", "width", "function", "expected"),
    [
        # PS3.3 C.11.2.1.2.1: with c = 2048 and w = 4096 black ends at 0 and white begins at 4095.
        ("2048", "4096", None, (0.0, 4095.0)),
        ("40", "400", "LINEAR", (-160.0, 239.0)),
        # C.11.2.1.2.3: exactly half the width to each side.
        ("40", "400", "LINEAR_EXACT", (-160.0, 240.0)),
        (["-600", "40"], ["1500", "400"], None, (-1350.0, 149.0)),
        ("40", "400", "SIGMOID", None),
        ("40", "1", None, None),
        ("40", "-5", None, None),
        ("40", None, None, None),
        ("forty", "400", None, None),
    ],
)
def test_the_window_of_a_series_is_in_the_unit_of_its_values(
    ct, tools, centre, width, function, expected
) -> None:
    _, folder = ct

    def set_window(dataset, _k):
        for keyword, value in (
            ("WindowCenter", centre),
            ("WindowWidth", width),
            ("VOILUTFunction", function),
        ):
            if value == "forty":
                dataset.add_new(0x00281050, "LO", value)
            elif value is not None:
                setattr(dataset, keyword, value)

    tools.edit(folder, set_window)
    assert read_series(folder).display_window == expected


def test_of_windows_that_differ_that_of_the_middle_slice_counts(ct, tools) -> None:
    volume, folder = ct

    def set_window(dataset, k):
        dataset.WindowCenter, dataset.WindowWidth = k, 11

    tools.edit(folder, set_window)
    low, high = read_series(folder).display_window
    assert (low + high) / 2 == pytest.approx(volume.grid.shape_kji[0] // 2 - 0.5, abs=1.0)


def test_a_series_without_a_window_has_none(ct) -> None:
    assert read_series(ct[1]).display_window is None
