"""Diffusion weighting: of each maker as dcm2niix reads it, and as FSL reads what is written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import dcm2niix
import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

import mr_images
from medseg.io.dicom.diffusion import diffusion_of, diffusion_remarks
from medseg.io.dicom.dimensions import Dimensions
from medseg.io.dicom.gradient_table import GradientTable, gradient_table, is_diffusion
from medseg.io.dicom.header import ImageHeader, elements_of, read_headers
from medseg.space import Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps

AGREES = 0.01
"""Difference of unit vectors: dcm2niix prints six digits, Canon's comments hold three."""

WEIGHTINGS = [(0, 0, 0, 0), (1000, 0.6, 0.64, 0.48), (1000, 0, 1, 0), (2000, 0.36, -0.48, 0.8)]
GE, SIEMENS, PHILIPS = "GE MEDICAL SYSTEMS", "SIEMENS", "Philips Medical Systems"
Weighting = tuple[float, ...]


def _ge(image: Dataset, weighting: Weighting) -> None:
    image.private_block(0x43, "GEMS_PARM_01", create=True).add_new(0x39, "IS", [int(weighting[0]), 8, 0, 0])
    block = image.private_block(0x19, "GEMS_ACQU_01", create=True)
    for element, part in zip((0xBB, 0xBC, 0xBD), weighting[1:], strict=True):
        block.add_new(element, "DS", f"{part:.6f}")


def _ge_flagged(image: Dataset, weighting: Weighting) -> None:
    _ge(image, (weighting[0] + 1_000_000_000 if weighting[0] else 0, *weighting[1:]))


def _ge_short(image: Dataset, weighting: Weighting) -> None:
    """The b-value of the outer shell; the inner ones have shorter vectors."""
    scale = np.sqrt(weighting[0] / 2000)
    _ge(image, (2000 if weighting[0] else 0, *(part * scale for part in weighting[1:])))


def _philips(image: Dataset, weighting: Weighting) -> None:
    block = image.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "FL", float(weighting[0]))
    block.add_new(0x04, "CS", "O" if weighting[0] else "N")
    block = image.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for element, part in zip((0xB0, 0xB1, 0xB2), weighting[1:], strict=True):
        block.add_new(element, "FL", float(part))


def _siemens(image: Dataset, weighting: Weighting) -> None:
    block = image.private_block(0x19, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", str(weighting[0]))
    if weighting[0]:
        block.add_new(0x0E, "FD", [float(part) for part in weighting[1:]])


def _siemens_csa(image: Dataset, weighting: Weighting) -> None:
    image.SequenceName = f"*ep_b{weighting[0]}#1"
    values = {"B_value": [str(weighting[0])]}
    if weighting[0]:
        values["DiffusionGradientDirection"] = [f"{part:.8f}" for part in weighting[1:]]
    block = image.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", mr_images.csa(values))


def _canon(image: Dataset, weighting: Weighting) -> None:
    image.DiffusionBValue = float(weighting[0])
    if weighting[0]:
        b_value, *parts = weighting
        image.ImageComments = f"b={b_value}({','.join(f'{part:.3f}' for part in parts)})"


def _united(image: Dataset, weighting: Weighting) -> None:
    block = image.private_block(0x65, "Image Private Header", create=True)
    block.add_new(0x09, "FD", float(weighting[0]))
    block.add_new(0x37, "FD", [float(part) for part in weighting[1:]])


def _standard(image: Dataset, weighting: Weighting) -> None:
    image.DiffusionBValue = float(weighting[0])
    if weighting[0]:
        image.DiffusionGradientOrientation = [float(part) for part in weighting[1:]]


ORACLED = [
    pytest.param(GE, _ge, "COL", id="ge-column"),
    pytest.param(GE, _ge, "ROW", id="ge-row"),
    pytest.param(GE, _ge_flagged, "COL", id="ge-flagged"),
    pytest.param(GE, _ge_short, "COL", id="ge-short"),
    pytest.param(PHILIPS, _philips, "COL", id="philips"),
    pytest.param(SIEMENS, _siemens, "COL", id="siemens"),
    pytest.param("CANON_MEC", _canon, "COL", id="canon-column"),
    pytest.param("CANON_MEC", _canon, "ROW", id="canon-row"),
    pytest.param("UIH", _united, "COL", id="united"),
    pytest.param("TOSHIBA_MEC", _standard, "COL", id="standard"),
]


@pytest.mark.parametrize(
    "cosines", [mr_images.PLANES["axial"], *map(mr_images.turned, mr_images.PLANES.values())]
)
@pytest.mark.parametrize(("maker", "write", "phase"), ORACLED)
def test_each_maker_agrees_with_dcm2niix(
    tmp_path: Path,
    maker: str,
    write: Callable[[Dataset, Weighting], None],
    phase: str,
    cosines: tuple[float, ...],
) -> None:
    def change(image: Dataset, t: int, _: int) -> None:
        image.InPlanePhaseEncodingDirection = phase
        if maker == SIEMENS:
            image.AcquisitionNumber = str(t + 1)
        write(image, WEIGHTINGS[t])

    paths = mr_images.write_volumes(tmp_path / "in", maker, cosines, len(WEIGHTINGS), 3, change)

    b_values, directions_ras = _by_dcm2niix(tmp_path / "in", tmp_path)
    volumes = [[_header(path) for path in volume] for volume in paths]
    grid = mr_images.grid_of(volumes[0])
    table = gradient_table([volume[0].dimensions for volume in volumes], grid)

    assert _b_values(table) == pytest.approx(b_values)
    assert _b_values(table) == [b_value for b_value, *_ in WEIGHTINGS]
    assert _directions_ras(table, grid) == pytest.approx(directions_ras, abs=AGREES)
    assert np.linalg.norm(directions_ras, axis=1) == pytest.approx([0, 1, 1, 1], abs=AGREES)


@pytest.mark.parametrize(
    "case",
    ["ge/dti/001", "ge/dti/001_implicit", "philips_enhanced/dti/001", "philips_enhanced/dti/001_implicit"],
)
def test_real_series_agree_with_dcm2niix(real_data: Path, tmp_path: Path, case: str) -> None:
    source = real_data / "vendor_mr" / case
    headers = [header for path in sorted(source.iterdir()) for header in read_headers(path) or ()]
    lowest = min(header.position_lps_mm for header in headers)
    volumes = [header for header in headers if header.position_lps_mm == lowest]
    stack = [header for header in headers if header.dimensions.b_value == 0]
    grid = mr_images.grid_of(sorted(stack, key=lambda header: header.position_lps_mm[2]))

    table = gradient_table([header.dimensions for header in volumes], grid)
    b_values, directions_ras = _by_dcm2niix(source, tmp_path)

    ours = sorted(zip(_b_values(table), _directions_ras(table, grid).tolist(), strict=True))
    theirs = sorted(zip(b_values, directions_ras.tolist(), strict=True))
    assert len(ours) == len(theirs) > 1
    for (b_value, direction), (expected, expected_direction) in zip(ours, theirs, strict=True):
        assert b_value == pytest.approx(expected)
        assert direction == pytest.approx(expected_direction, abs=AGREES)


def _by_dcm2niix(source: Path, tmp_path: Path) -> tuple[list[float], np.ndarray]:
    """b-values, and directions in RAS, shape (n, 3)."""
    command = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "x", "-o", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    affine = nibabel.load(tmp_path / "x.nii").affine
    table = GradientTable((tmp_path / "x.bval").read_text(), (tmp_path / "x.bvec").read_text())
    return _b_values(table), _by_fsl(table, affine)


def _b_values(table: GradientTable) -> list[float]:
    return [float(text) for text in table.bval.split()]


def _directions_ras(table: GradientTable, grid: Grid) -> np.ndarray:
    return _by_fsl(table, ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm))


def _by_fsl(table: GradientTable, ijk_to_ras: np.ndarray) -> np.ndarray:
    """Where the directions of a .bvec file point, as FSL has it."""
    vectors = np.array([[float(text) for text in line.split()] for line in table.bvec.splitlines()])
    axes = ijk_to_ras[:3, :3] / np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    if np.linalg.det(axes) > 0:
        vectors[0] = -vectors[0]
    return (axes @ vectors).T


def _header(path: Path) -> ImageHeader:
    headers = read_headers(path)
    assert headers is not None
    return headers[0]


def _read(tmp_path: Path, maker: str, change: Callable[[Dataset], None]) -> tuple[float | None, object]:
    image = mr_images.mr_image(1, maker, mr_images.PLANES["axial"], 0)
    change(image)
    return diffusion_of(elements_of(mr_images.write(image, tmp_path / "1.dcm")))


@pytest.mark.parametrize(
    ("maker", "write"),
    [(SIEMENS, _siemens), (SIEMENS, _siemens_csa), (PHILIPS, _philips), ("HITACHI", _standard)],
)
def test_directions_in_patient_space_are_taken_as_they_are(
    tmp_path: Path, maker: str, write: Callable[[Dataset, Weighting], None]
) -> None:
    b_value, direction = _read(tmp_path, maker, lambda image: write(image, (700, 0.6, -0.64, 0.48)))

    assert b_value == 700
    assert direction == pytest.approx((0.6, -0.64, 0.48))


def test_a_b_matrix_has_a_main_axis(tmp_path: Path) -> None:
    def change(image: Dataset) -> None:
        direction = np.array([0.6, 0.64, 0.48])
        matrix = 900 * np.outer(direction, direction)
        item = Dataset()
        for name, (a, b) in {
            "XX": (0, 0),
            "XY": (0, 1),
            "XZ": (0, 2),
            "YY": (1, 1),
            "YZ": (1, 2),
            "ZZ": (2, 2),
        }.items():
            setattr(item, f"DiffusionBValue{name}", float(matrix[a, b]))
        image.DiffusionBValue, image.DiffusionDirectionality = 900.0, "BMATRIX"
        image.DiffusionBMatrixSequence = [item]

    b_value, direction = _read(tmp_path, "Other", change)

    assert b_value == 900
    assert np.abs(np.dot(direction, [0.6, 0.64, 0.48])) == pytest.approx(1)


def _philips_isotropic(image: Dataset) -> None:
    _philips(image, (1000, 0.6, 0.64, 0.48))
    image[0x2001, 0x1004].value = "I"


def _standard_isotropic(image: Dataset) -> None:
    _standard(image, (1000, 0.6, 0.64, 0.48))
    image.DiffusionDirectionality = "ISOTROPIC"


UNDIRECTED = {
    "philips-isotropic": (PHILIPS, _philips_isotropic, 1000),
    "standard-isotropic": ("Other", _standard_isotropic, 1000),
    "zeros": (PHILIPS, lambda image: _philips(image, (1000, 0, 0, 0)), 1000),
    "unweighted": (PHILIPS, lambda image: _philips(image, (0, 0.6, 0.64, 0.48)), 0),
    "ge-unweighted": (GE, lambda image: _ge(image, (0, 1, 0, 0)), 0),
}


@pytest.mark.parametrize(("maker", "change", "b_value"), UNDIRECTED.values(), ids=UNDIRECTED)
def test_no_direction_is_made_up(
    tmp_path: Path, maker: str, change: Callable[[Dataset], None], b_value: float
) -> None:
    assert _read(tmp_path, maker, change) == (b_value, None)


def _on_ct(image: Dataset) -> None:
    _standard(image, (1000, 1, 0, 0))
    image.Modality = "CT"


UNKNOWN = {
    "nothing": ("Other", lambda image: None),
    "not-mr": ("Other", _on_ct),
    "too-large": ("Other", lambda image: _standard(image, (1_870_000_000, 1, 0, 0))),
    "negative": ("Other", lambda image: _standard(image, (-1, 1, 0, 0))),
    "csa-of-another-sequence": (SIEMENS, lambda image: _siemens_csa_of(image, "*tfl3d1")),
}


def _siemens_csa_of(image: Dataset, sequence: str) -> None:
    _siemens_csa(image, (1000, 1, 0, 0))
    image.SequenceName = sequence


@pytest.mark.parametrize(("maker", "change"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_no_diffusion_is_none(tmp_path: Path, maker: str, change: Callable[[Dataset], None]) -> None:
    assert _read(tmp_path, maker, change) == (None, None)


def test_damaged_private_elements_dont_damage_the_image(tmp_path: Path) -> None:
    image = mr_images.mr_image(1, GE, mr_images.PLANES["axial"], 0)
    image.private_block(0x43, "GEMS_PARM_01", create=True).add_new(0x39, "LO", "not a number")
    block = image.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"SV10\4\3\2\1" + b"\xff" * 64)

    header = _header(mr_images.write(image, tmp_path / "1.dcm"))

    assert header.damage == ""
    assert (header.dimensions.b_value, header.dimensions.gradient_lps) == (None, None)


@pytest.mark.parametrize(
    ("matrix", "phase"), [([0, 16, 16, 0], "ROW"), ([16, 0, 0, 16], "COL"), ([16, 16, 0, 0], None)]
)
def test_the_matrix_tells_the_axis_of_phase_where_nothing_else_does(
    tmp_path: Path, matrix: list[int], phase: str | None
) -> None:
    def change(image: Dataset) -> None:
        image.AcquisitionMatrix = matrix
        _ge(image, (1000, 0.6, 0.64, 0.48))

    def expected(image: Dataset) -> None:
        if phase:
            image.InPlanePhaseEncodingDirection = phase
        _ge(image, (1000, 0.6, 0.64, 0.48))

    found = _read(tmp_path, GE, change)
    remarks = diffusion_remarks(elements_of(tmp_path / "1.dcm"))

    assert found == _read(tmp_path, GE, expected)
    assert bool(remarks) == (phase is None)


unit_parts = st.floats(-1, 1)
vectors = (
    st.tuples(unit_parts, unit_parts, unit_parts)
    .filter(lambda vector: np.linalg.norm(vector) > 0.1)
    .map(lambda vector: tuple((np.array(vector) / np.linalg.norm(vector)).tolist()))
)


@given(
    vectors,
    st.tuples(*[st.floats(-180, 180)] * 3),
    st.sampled_from([-1, 1]),
    st.tuples(*[st.floats(0.5, 4)] * 3),
)
def test_fsl_reads_back_the_direction(
    direction: tuple[float, ...],
    degrees: tuple[float, float, float],
    flip: int,
    spacing: tuple[float, float, float],
) -> None:
    row, column = np.reshape(mr_images.turned(mr_images.PLANES["axial"], degrees), (2, 3))
    grid = Grid.from_axes(
        (4, 5, 6),
        origin_lps_mm=(1, 2, 3),
        step_k_mm=flip * spacing[0] * np.cross(row, column),
        step_j_mm=spacing[1] * column,
        step_i_mm=spacing[2] * row,
    )

    table = gradient_table([Dimensions(b_value=0.0), Dimensions(b_value=800.0, gradient_lps=direction)], grid)

    unweighted, found = _directions_ras(table, grid)
    assert table.bval == "0 800\n"
    assert unweighted.tolist() == [0, 0, 0]
    assert found == pytest.approx(np.array(direction) * [-1, -1, 1], abs=1e-6)


def test_a_sheared_grid_counts_by_its_normal() -> None:
    def table(lean_mm: float) -> GradientTable:
        grid = Grid.from_axes(
            (4, 5, 6),
            origin_lps_mm=(0, 0, 0),
            step_k_mm=(0, lean_mm, 3),
            step_j_mm=(0, 2, 0),
            step_i_mm=(2, 0, 0),
        )
        return gradient_table([Dimensions(b_value=800.0, gradient_lps=(0.6, 0.64, 0.48))], grid)

    assert table(1.5) == table(0.0)


def test_volumes_without_direction_are_counted() -> None:
    grid = Grid.from_axes(
        (2, 2, 2), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 1), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    volumes = [
        Dimensions(b_value=None),
        Dimensions(b_value=1000.0),
        Dimensions(b_value=1000.0, gradient_lps=(0.0, 0.0, 1.0)),
    ]

    table = gradient_table(volumes, grid)

    assert table.bval == "0 1000 1000\n"
    assert table.bvec == "0 0 0\n0 0 0\n0 0 1\n"
    assert [warning[:2] for warning in table.warnings] == ["1 "]
    assert is_diffusion(volumes)
    assert not is_diffusion([Dimensions(), Dimensions(b_value=0.0)])
