"""Mosaics: each tile at its own place, or the mosaic refused."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import dcm2niix
import nibabel
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

import mr_images
from medseg.io.dicom.header import ImageHeader, read_headers
from medseg.io.dicom.siemens_csa import csa_values

EXACT_MM = 1e-3
"""Of dcm2niix's float32 affine; the positions themselves agree to 1e-6 mm."""

TILE, SIDE, SLICES = 8, 3, 7
STEP_MM = 3.5
OBLIQUE = mr_images.turned(mr_images.PLANES["axial"])


def _centres(cosines: Sequence[float], direction: int = 1) -> np.ndarray:
    """Where the protocol plans slices: the pixel (4, 4) of 8 × 8, in the order of acquisition."""
    row, column = np.reshape(cosines, (2, 3))
    normal = direction * np.cross(row, column)
    return np.array([5.0, -12.0, 31.0]) + STEP_MM * np.arange(SLICES)[:, None] * normal


def _protocol(centres: np.ndarray) -> str:
    lines = [
        "<XProtocol>",
        "### ASCCONV BEGIN ###",
        f"sSliceArray.lSize                        = {len(centres)}",
        *(
            f"sSliceArray.asSlice[{number}].sPosition.d{axis} = {part:.9g}"
            for number, centre in enumerate(centres)
            for axis, part in zip(("Sag", "Cor", "Tra"), centre, strict=True)
            if part != 0
        ),
        "### ASCCONV END ###",
    ]
    return "\n".join(lines)


def _mosaic(
    path: Path,
    *,
    cosines: Sequence[float] = OBLIQUE,
    first_centre: np.ndarray,
    series: dict[str, Sequence[str]] | None = None,
    image: dict[str, Sequence[str]] | None = None,
    version: int = 2,
    change: Callable[[Dataset], None] = lambda _: None,
) -> tuple[ImageHeader, ...]:
    """Write a mosaic around the centre of its first slice, and read it."""
    row, column = np.reshape(cosines, (2, 3))
    mosaic = mr_images.mr_image(1, "SIEMENS", cosines, 0, TILE * SIDE)
    mosaic.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    corner = first_centre - TILE * SIDE / 2 * mr_images.SPACING_MM * (row + column)
    mosaic.ImagePositionPatient = [f"{part:.9g}" for part in corner]
    mosaic.SpacingBetweenSlices = str(STEP_MM)
    block = mosaic.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", mr_images.csa(image or {}, version=version))
    if series is not None:
        block.add_new(0x20, "OB", mr_images.csa(series, version=version))
    block = mosaic.private_block(0x19, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", SLICES)
    change(mosaic)
    headers = read_headers(mr_images.write(mosaic, path))
    assert headers is not None
    return headers


def _tile_centres(headers: Sequence[ImageHeader]) -> np.ndarray:
    row, column = np.reshape(headers[0].orientation, (2, 3))
    half = TILE / 2 * mr_images.SPACING_MM * (row + column)
    return np.array([header.position_lps_mm for header in headers]) + half


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("plane", mr_images.PLANES)
def test_tiles_lie_where_the_protocol_plans_them(
    tmp_path: Path, plane: str, direction: int, version: int
) -> None:
    cosines = mr_images.turned(mr_images.PLANES[plane])
    centres = _centres(cosines, direction)

    headers = _mosaic(
        tmp_path / "1",
        cosines=cosines,
        first_centre=centres[0],
        series={"Other": ["1"], "MrPhoenixProtocol": [_protocol(centres)]},
        version=version,
    )

    assert _tile_centres(headers) == pytest.approx(centres, abs=1e-5)
    assert [header.tile for header in headers] == [
        (0, 0), (0, 8), (0, 16), (8, 0), (8, 8), (8, 16), (16, 0),
    ]  # fmt: skip
    assert {(header.rows, header.columns, header.damage) for header in headers} == {(TILE, TILE, "")}


def test_the_console_may_have_reversed_the_order(tmp_path: Path) -> None:
    centres = _centres(OBLIQUE)

    headers = _mosaic(
        tmp_path / "1",
        first_centre=centres[-1],
        series={"MrPhoenixProtocol": [_protocol(centres)]},
    )

    assert _tile_centres(headers) == pytest.approx(centres[::-1], abs=1e-5)


def test_motion_correction_moves_the_slices_with_the_image(tmp_path: Path) -> None:
    centres = _centres(OBLIQUE, -1)
    moved = mr_images.turned(OBLIQUE, (2, 1, -3))
    row, column = np.reshape(moved, (2, 3))

    headers = _mosaic(
        tmp_path / "1",
        cosines=moved,
        first_centre=centres[0] + [0.4, -0.3, 0.5],
        series={"MrPhoenixProtocol": [_protocol(centres)]},
    )

    steps = np.diff(_tile_centres(headers), axis=0)
    assert _tile_centres(headers)[0] == pytest.approx(centres[0] + [0.4, -0.3, 0.5], abs=1e-5)
    # The distance along the normal that was planned; 3.7° between the normals are 0.2 % of it.
    assert steps == pytest.approx(
        np.tile(-STEP_MM * np.cross(row, column), (SLICES - 1, 1)), rel=3e-3, abs=1e-2
    )


@pytest.mark.parametrize("direction", [1, -1])
def test_without_a_protocol_the_normal_leads(tmp_path: Path, direction: int) -> None:
    centres = _centres(OBLIQUE, direction)
    normal = (centres[1] - centres[0]) / STEP_MM

    headers = _mosaic(
        tmp_path / "1",
        first_centre=centres[0],
        image={"SliceNormalVector": [f"{part:.8f}" for part in normal]},
    )

    assert _tile_centres(headers) == pytest.approx(centres, abs=1e-5)


def _no_count(mosaic: Dataset) -> None:
    del mosaic[0x0019, 0x100A]


def test_the_number_of_tiles_may_come_from_the_csa_header(tmp_path: Path) -> None:
    headers = _mosaic(
        tmp_path / "1",
        first_centre=_centres(OBLIQUE)[0],
        series={"MrPhoenixProtocol": [_protocol(_centres(OBLIQUE))]},
        image={"NumberOfImagesInMosaic": [str(SLICES)]},
        change=_no_count,
    )

    assert len(headers) == SLICES


def _no_spacing(mosaic: Dataset) -> None:
    del mosaic.PixelSpacing


PLANNED = {"MrPhoenixProtocol": [_protocol(_centres(OBLIQUE))]}
REFUSED = {
    "no word of where": {},
    "protocol of another scan": {"series": {"MrPhoenixProtocol": [_protocol(_centres(OBLIQUE)[:4])]}},
    "planned elsewhere": {"series": {"MrPhoenixProtocol": [_protocol(_centres(OBLIQUE) + 100)]}},
    "no number of tiles": {"change": _no_count},
    "no pixel spacing": {"series": PLANNED, "change": _no_spacing},
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_mosaic_that_cant_be_placed_stays_one_image(tmp_path: Path, case: dict[str, object]) -> None:
    headers = _mosaic(tmp_path / "1", first_centre=_centres(OBLIQUE)[0], **case)  # type: ignore[arg-type]

    assert [header.tile for header in headers] == [None]
    assert (headers[0].rows, headers[0].columns) == (TILE * SIDE, TILE * SIDE)


def test_tiles_must_fill_the_mosaic(tmp_path: Path) -> None:
    def change(mosaic: Dataset) -> None:
        mosaic[0x0019, 0x100A].value = 17  # 5 × 5 tiles of 24 pixels

    headers = _mosaic(tmp_path / "1", first_centre=_centres(OBLIQUE)[0], series=PLANNED, change=change)

    assert [header.tile for header in headers] == [None]


@pytest.mark.parametrize(("count", "down", "across"), [(7, 3, 3), (6, 2, 3), (2, 1, 2)])
def test_grids_of_united_imaging_list_their_slices(
    tmp_path: Path, count: int, down: int, across: int
) -> None:
    """As dcm2niix places them, pixel by pixel."""
    row, column = np.reshape(OBLIQUE, (2, 3))
    positions = np.array([5.0, -12.0, 31.0]) + STEP_MM * np.arange(count)[:, None] * np.cross(row, column)
    image = mr_images.mr_image(1, "UIH", OBLIQUE, 0, TILE)
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "VFRAME"]
    image.Rows, image.Columns = down * TILE, across * TILE
    image.SliceThickness = image.SpacingBetweenSlices = str(STEP_MM)
    image.ImagePositionPatient = [f"{part:.9g}" for part in positions[0]]
    pixels = np.random.default_rng(5).integers(0, 1000, (down * TILE, across * TILE), dtype=np.uint16)
    image.PixelData = pixels.tobytes()
    block = image.private_block(0x65, "Image Private Header", create=True)
    block.add_new(0x50, "DS", str(count))
    slices = [Dataset() for _ in positions]
    for item, position in zip(slices, positions, strict=True):
        item.ImagePositionPatient = [f"{part:.9g}" for part in position]
    block.add_new(0x51, "SQ", slices)
    (tmp_path / "in").mkdir()

    headers = read_headers(mr_images.write(image, tmp_path / "in" / "1.dcm"))
    command = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "x", "-o", str(tmp_path), str(tmp_path / "in")]
    subprocess.run(command, check=True, capture_output=True)
    oracle = nibabel.load(tmp_path / "x.nii")

    assert headers is not None
    assert len(headers) == oracle.shape[2] == count
    for k, header in enumerate(headers):
        assert header.tile is not None
        at_row, at_column = header.tile
        tile = pixels[at_row : at_row + header.rows, at_column : at_column + header.columns]
        corner_ras = oracle.affine @ [0, TILE - 1, k, 1]
        assert np.array_equal(tile, np.asarray(oracle.dataobj)[:, ::-1, k].T)
        assert header.position_lps_mm == pytest.approx(positions[k], abs=1e-6)
        assert header.position_lps_mm == pytest.approx(corner_ras[:3] * [-1, -1, 1], abs=EXACT_MM)


def test_a_grid_without_its_list_stays_one_image(tmp_path: Path) -> None:
    image = mr_images.mr_image(1, "UIH", OBLIQUE, 0)
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "VFRAME"]
    image.private_block(0x65, "Image Private Header", create=True).add_new(0x50, "DS", "4")

    headers = read_headers(mr_images.write(image, tmp_path / "1.dcm"))

    assert headers is not None
    assert [header.tile for header in headers] == [None]


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_damaged_csa_header_holds_nothing_or_less(noise: bytes, at: int) -> None:
    whole = mr_images.csa({"One": ["1"], "Two": ["2", "3"]})
    damaged = whole[:at] + noise

    for header in (damaged, noise, b"SV10\4\3\2\1" + noise):
        assert all(isinstance(name, str) for name in csa_values(header))


@pytest.mark.parametrize("version", [1, 2])
def test_csa_values_round_trip(version: int) -> None:
    values = {"One": ("1", "2"), "Three": ("text with spaces",), "Four": ("4", "5", "6")}

    assert csa_values(mr_images.csa(values, version=version)) == values


@pytest.mark.parametrize("case", ["AP_3", "PA_4", "RL_5", "LR_6"])
def test_real_mosaics_match_their_reference(real_data: Path, case: str) -> None:
    image = nibabel.load(real_data / "mr_4d_nih" / "Ref" / f"EPI_PE={case}.nii")
    reference = np.asarray(image.dataobj)
    paths = sorted((real_data / "mr_4d_nih" / "In" / "20180918Si" / f"mr_000{case[-1]}").glob("*.dcm"))
    assert reference.shape[3] == len(paths) == 2

    for t, path in enumerate(paths):
        pixels = pydicom.dcmread(path).pixel_array
        headers = read_headers(path)
        assert headers is not None
        assert len(headers) == reference.shape[2]
        for k, header in enumerate(headers):
            assert header.tile is not None
            row, column = header.tile
            tile = pixels[row : row + header.rows, column : column + header.columns]
            assert np.array_equal(tile, reference[:, ::-1, k, t].T)  # dcm2niix turns rows around
            corner_ras = image.affine @ [0, reference.shape[1] - 1, k, 1]
            assert header.position_lps_mm == pytest.approx(corner_ras[:3] * [-1, -1, 1], abs=EXACT_MM)


def test_a_real_oblique_mosaic_matches_its_reference(real_data: Path) -> None:
    image = nibabel.load(real_data / "packed_12bit" / "Ref" / "2.nii")
    headers = read_headers(real_data / "packed_12bit" / "In" / "12bitUnsigned.dcm")

    assert headers is not None
    assert len(headers) == image.shape[2] == 35
    for k, header in enumerate(headers):
        corner_ras = image.affine @ [0, image.shape[1] - 1, k, 1]
        assert header.position_lps_mm == pytest.approx(corner_ras[:3] * [-1, -1, 1], abs=EXACT_MM)
