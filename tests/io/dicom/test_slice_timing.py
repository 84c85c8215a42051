"""Slice times: of each maker in its own way, or none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

import mr_images
from medseg.io.dicom.header import ImageHeader, elements_of, read_headers
from medseg.io.dicom.slice_timing import slice_times_s

TICK_S = 0.0025
"""Siemens' clock: dcm2niix takes the times of another volume of the series, which may be one tick off."""

SLICES = 6
REPETITION_S = 3.0
AXIAL = mr_images.PLANES["axial"]
INTERLEAVED_S = (0.0, 1.5, 0.5, 2.0, 1.0, 2.5)
SIEMENS, GE = "SIEMENS", "GE MEDICAL SYSTEMS"
Change = Callable[[Dataset, int, int], None]


def _times(
    tmp_path: Path, maker: str, change: Change, volumes: int = 2, slices: int = SLICES
) -> tuple[float, ...] | None:
    def with_repetition(image: Dataset, t: int, k: int) -> None:
        image.RepetitionTime = str(1000 * REPETITION_S)
        change(image, t, k)

    paths = mr_images.write_volumes(tmp_path / "in", maker, AXIAL, volumes, slices, with_repetition)
    headers = [[_header(path) for path in volume] for volume in paths]
    return slice_times_s(elements_of(paths[0][0]), headers)


def _header(path: Path) -> ImageHeader:
    headers = read_headers(path)
    assert headers is not None
    return headers[0]


def _clock(seconds: float) -> str:
    seconds %= 86400
    return f"{int(seconds) // 3600:02d}{int(seconds) // 60 % 60:02d}{seconds % 60:09.6f}"


def _acquired(image: Dataset, t: int, k: int) -> None:
    image.AcquisitionTime = _clock(36000 + REPETITION_S * t + INTERLEAVED_S[k])


def _around_midnight(image: Dataset, t: int, k: int) -> None:
    image.AcquisitionTime = _clock(86399 + REPETITION_S * t + INTERLEAVED_S[k])


def _triggered(image: Dataset, t: int, k: int) -> None:
    """GE's first volume is wrong, by what was seen."""
    image.TriggerTime = f"{1000 * (REPETITION_S * t + (INTERLEAVED_S[k] if t else k * 0.4)):.3f}"


def _timed(unit_s: float) -> Change:
    def change(image: Dataset, t: int, k: int) -> None:
        block = image.private_block(0x21, "GEMS_RELA_01", create=True)
        block.add_new(0x5E, "DS", f"{(REPETITION_S * t + (INTERLEAVED_S[k] if t else 0)) / unit_s:.6f}")

    return change


def _planned(order: str, slices: int = SLICES, multiband: str = "1", **settings: str) -> Change:
    """GE's protocol: a compressed text after its length."""
    text = "\n".join(f'set {name} "{value}"' for name, value in {"SLICEORDER": order, **settings}.items())

    def change(image: Dataset, t: int, k: int) -> None:
        image.private_block(0x21, "GEMS_RELA_01", create=True).add_new(0x4F, "SS", slices)
        packed = gzip.compress(text.encode())
        image.private_block(0x25, "GEMS_SERS_01", create=True).add_new(0x1B, "OB", b"\1\2\0\0" + packed)
        image.private_block(0x43, "GEMS_PARM_01", create=True).add_new(0xB6, "LO", [multiband, "0", "0"])

    return change


def _downwards(change: Change) -> Change:
    def changed(image: Dataset, t: int, k: int) -> None:
        image.InstanceNumber = str(t * SLICES + SLICES - k)
        change(image, t, k)

    return changed


TOLD = {
    "acquisition": (SIEMENS, _acquired, INTERLEAVED_S),
    "midnight": (SIEMENS, _around_midnight, INTERLEAVED_S),
    "united": ("UIH", _acquired, INTERLEAVED_S),
    "trigger": (GE, _triggered, INTERLEAVED_S),
    "timer-seconds": (GE, _timed(1.0), INTERLEAVED_S),
    "timer-ticks": (GE, _timed(1e-4), INTERLEAVED_S),
    "protocol-interleaved": (GE, _planned("1"), INTERLEAVED_S),
    "protocol-sequential": (GE, _planned("0"), (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)),
    "protocol-downwards": (GE, _downwards(_planned("1")), INTERLEAVED_S[::-1]),
}


@pytest.mark.parametrize(("maker", "change", "expected"), TOLD.values(), ids=TOLD)
def test_each_maker_tells_in_its_own_way(
    tmp_path: Path, maker: str, change: Change, expected: Sequence[float]
) -> None:
    assert _times(tmp_path, maker, change) == pytest.approx(expected, abs=1e-6)


def _volumetric(image: Dataset, t: int, k: int) -> None:
    _acquired(image, t, k)
    image.MRAcquisitionType = "3D"


def _not_echo_planar(image: Dataset, t: int, k: int) -> None:
    _acquired(image, t, k)
    image.ScanningSequence = "SE"


def _too_long(image: Dataset, t: int, k: int) -> None:
    image.AcquisitionTime = _clock(36000 + 2 * INTERLEAVED_S[k])


def _at_once(image: Dataset, t: int, k: int) -> None:
    image.AcquisitionTime = _clock(36000)


def _one_missing(image: Dataset, t: int, k: int) -> None:
    if k != 2:
        _acquired(image, t, k)


def _diffusion(image: Dataset, t: int, k: int) -> None:
    _planned("1")(image, t, k)
    image.private_block(0x43, "GEMS_PARM_01").add_new(0x39, "IS", [1000 * t, 0, 0, 0])


UNTOLD = {
    "diffusion": (GE, _diffusion),
    "philips": ("Philips Medical Systems", _acquired),
    "3-d": (SIEMENS, _volumetric),
    "not-echo-planar": (SIEMENS, _not_echo_planar),
    "longer-than-the-repetition": (SIEMENS, _too_long),
    "all-at-once": (SIEMENS, _at_once),
    "one-missing": (SIEMENS, _one_missing),
    "multiband": (GE, _planned("1", multiband="2")),
    "part-of-the-slices": (GE, _planned("1", slices=SLICES + 1)),
    "unknown-order": (GE, _planned("7")),
}


@pytest.mark.parametrize(("maker", "change"), UNTOLD.values(), ids=UNTOLD)
def test_no_times_are_made_up(tmp_path: Path, maker: str, change: Change) -> None:
    assert _times(tmp_path, maker, change) is None


@pytest.mark.parametrize("unit_s", [1e-3, 1.0])
def test_mosaic_times_are_in_milliseconds_or_seconds(tmp_path: Path, unit_s: float) -> None:
    def change(image: Dataset, t: int, k: int) -> None:
        image.ImageType = ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]
        block = image.private_block(0x19, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0A, "US", 3)
        block.add_new(0x29, "FD", [time_s / unit_s for time_s in (1.6, 0.0, 0.8)])
        block = image.private_block(0x29, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", mr_images.csa({"SliceNormalVector": ["0", "0", "-1"]}))
        image.RepetitionTime = "2400"

    (paths,) = mr_images.write_volumes(tmp_path / "in", SIEMENS, AXIAL, 1, 1, change)
    tiles = read_headers(paths[0])
    assert tiles is not None
    # Slices run downwards, so that the grid counts them from the last tile on.
    by_k = sorted(tiles, key=lambda tile: tile.position_lps_mm[2])

    assert [tile.tile for tile in by_k] == [(8, 0), (0, 8), (0, 0)]
    assert slice_times_s(elements_of(paths[0]), [by_k]) == pytest.approx((0.8, 0.0, 1.6))


REFERENCES = {
    "mr_4d_nih/In/20180918Si/mr_0003": "mr_4d_nih/Ref/EPI_PE=AP_3.json",
    "mr_4d_nih/In/20180918Si/mr_0004": "mr_4d_nih/Ref/EPI_PE=PA_4.json",
    "mr_4d_nih/In/20180918Si/mr_0005": "mr_4d_nih/Ref/EPI_PE=RL_5.json",
    "mr_4d_nih/In/20180918Si/mr_0006": "mr_4d_nih/Ref/EPI_PE=LR_6.json",
    "mr_4d_nih/In/20180918GE/mr_0004": "mr_4d_nih/Ref/DCM2NIIX_regression_test_4.json",
    "mr_4d_nih/In/20180918GE/mr_0005": "mr_4d_nih/Ref/DCM2NIIX_regression_test_5.json",
    "mr_4d_nih/In/20180918GE/mr_0006": "mr_4d_nih/Ref/DCM2NIIX_regression_test_6.json",
    "mr_4d_nih/In/20180918GE/mr_0007": "mr_4d_nih/Ref/DCM2NIIX_regression_test_7.json",
    "mr_enhanced/In/Siemens/XA10": "mr_enhanced/Ref/Siemens_REST1_w_SMS_PF7-8_6.json",
}


@pytest.mark.parametrize(("case", "reference"), REFERENCES.items(), ids=REFERENCES)
def test_real_times_match_their_reference(real_data: Path, case: str, reference: str) -> None:
    paths = sorted((real_data / case).glob("*.dcm"))
    headers = [header for path in paths for header in read_headers(path) or ()]
    row, column = np.reshape(headers[0].orientation, (2, 3))
    places: dict[float, list[ImageHeader]] = {}
    for header in headers:
        at_mm = float(np.cross(row, column) @ np.array(header.position_lps_mm))
        places.setdefault(round(at_mm, 2), []).append(header)
    volumes = list(zip(*(places[at_mm] for at_mm in sorted(places)), strict=True))

    found = slice_times_s(elements_of(volumes[0][0].path, volumes[0][0].frame), volumes)

    # dcm2niix's images run along the normal too, so that k is k.
    expected = json.loads((real_data / reference).read_text())["SliceTiming"]
    assert found == pytest.approx(expected, abs=1.01 * TICK_S if "Si" in case else 1e-5)
