"""The report of a case: key slices, 3-D pictures, the main numbers and the sign-off, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from medseg._version import __version__
from medseg.errors import InputError
from medseg.io.atomic import require_absent
from medseg.io.contact_sheet import customary_window
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_label_map
from medseg.io.report_content import CaseReport, facts_of, standing_of, table_of
from medseg.io.report_page import write_report_page
from medseg.io.report_pdf import write_report_pdf
from medseg.io.report_pictures import Lesion, slices_of, surfaces_of
from medseg.labelmap import LabelMap
from medseg.measurement.families import Family, MeasureOptions
from medseg.measurement.structures import StructureMeasurements
from medseg.progress import Progress, silent
from medseg.provenance.voxel_digest import layers_sha256
from medseg.volume import Quantity, Volume
from medseg.workflows.lesions import usual_lesions
from medseg.workflows.measure import measure, of_quantity
from medseg.workflows.open_image import open_image
from medseg.workflows.verify import verify

__all__ = ["CaseReport", "Quantity", "case_report", "require_writable", "save_case_report"]

TITLE = "Segmentation report"
"""Where nothing else is asked for: names of files often hold names of patients."""

_WRITERS = {".html": write_report_page, ".pdf": write_report_pdf}

_OPTIONS = MeasureOptions(
    frozenset({Family.SHAPE, Family.DIAMETERS, Family.INTENSITY, Family.UPTAKE, Family.SEPARATION})
)


def case_report(
    label_map: Path | str,
    image: Path | str | None = None,
    *,
    trust: Path | str | None = None,
    title: str = TITLE,
    series_uid: str | None = None,
    quantity: Quantity | None = None,
    window: tuple[float, float] | None = None,
    progress: Progress = silent,
) -> CaseReport:
    """Put the report of a saved label map together.

    Nothing of the patient is in it but the anatomy, unless the title or the name of a structure says it.

    Args:
        label_map: The file.
        image: The image on its grid: a DICOM folder or a NIfTI file; without it slices show silhouettes, and
            there are no intensities.
        trust: The trust folder that signatures are verified by; without it they are not looked at.
        title: The heading.
        series_uid: Which series, where the image's folder holds several.
        quantity: What the values of the image are, where its format does not say: of NIfTI.
        window: The values shown as black and white; None for what is customary for the quantity.
        progress: Called between the steps.

    Raises:
        InputError: A file can't be read.
        GridMismatchError: The image lies on another grid than the label map.
        ReviewError: The roster is not signed by its founders.
        ValueError: The window's ends are not in order.
    """
    if window is not None and not window[0] < window[1]:
        raise ValueError(f"expected a window from low to high, got {window}")
    label_map = Path(label_map)
    saved = read_label_map(LabelMapFiles(label_map).nifti)
    volume = _image(image, saved, series_uid, quantity, progress)
    measurements = measure(saved, volume, _OPTIONS, progress=progress)
    headings, rows, remarks = table_of(saved, measurements, usual_lesions(saved))
    if volume is not None:
        window = window or customary_window(volume)
    progress("Drawing", 0, 2)
    slices = slices_of(saved, volume, _lesions(saved, measurements), window=window)
    progress("Drawing", 1, 2)
    return CaseReport(
        title=title,
        facts=facts_of(
            saved,
            volume,
            window if volume is not None else None,
            voxels_sha256=layers_sha256(saved.layers),
            software=f"medseg {__version__}",
            made_at=datetime.now(UTC).isoformat(sep=" ", timespec="seconds"),
        ),
        standing=standing_of(verify(label_map, trust=trust) if trust is not None else None),
        headings=headings,
        rows=rows,
        remarks=remarks,
        slices=slices,
        surfaces=surfaces_of(saved),
    )


def require_writable(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that could not be written, before anything is measured or drawn.

    Raises:
        InputError: It ends in neither ``.html`` nor ``.pdf``.
        OutputExistsError: It is there already.
    """
    if not overwrite:
        require_absent(path)
    if path.suffix.lower() not in _WRITERS:
        raise InputError(
            f"expected a report named *.html or *.pdf, got {path.name}",
            hint="the ending says which of the two is written",
            reason="other-suffix",
        )


def save_case_report(report: CaseReport, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a report as HTML or PDF, as the name of the file says.

    Raises:
        InputError: Another ending.
        OutputExistsError, OutputError: It can't be written.
    """
    path = Path(path)
    require_writable(path, overwrite=overwrite)
    _WRITERS[path.suffix.lower()](report, path, overwrite=overwrite)


def _image(
    path: Path | str | None,
    label_map: LabelMap,
    series_uid: str | None,
    quantity: Quantity | None,
    progress: Progress,
) -> Volume | None:
    if path is None:
        return None
    image = open_image(path, series_uid=series_uid, progress=progress)
    image.grid.require_same_as(label_map.grid, "image and label map of a report")
    return of_quantity(image, quantity)


def _lesions(label_map: LabelMap, measurements: Sequence[StructureMeasurements]) -> list[Lesion]:
    """The lesions with the lines of their diameters, the largest first."""
    ids = usual_lesions(label_map)
    found = [one for one in measurements if one.structure.id in ids]
    lesions = []
    for one in sorted(found, key=lambda one: -(one.value("volume-voxel") or 0.0)):
        longest, across = one.get("longest-in-plane"), one.get("perpendicular-in-plane")
        if longest is None or longest.line is None or longest.value is None:
            continue
        words = f"{longest.value:.1f}"
        if across is not None and across.value is not None:
            words += f" × {across.value:.1f}"
        lesions.append(Lesion(one.structure.id, longest.line, across.line if across else None, f"{words} mm"))
    return lesions
