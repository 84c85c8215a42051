"""``manifest.json`` and ``manifest.csv``: what became of every volume and every file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.io.conversion_folder import scratch_folder
from medseg.io.manifest_entry import ManifestEntry

SCHEMA = "medseg-manifest/1"
MANIFEST_JSON, MANIFEST_CSV = "manifest.json", "manifest.csv"

IDENTIFYING = (
    "This manifest is the key between pseudonyms and patients: it holds the UIDs of the sources and their "
    "paths, which may name a patient. Keep it where the sources are kept, and pass on the images without it."
)


def manifest_document(
    entries: Sequence[ManifestEntry],
    files: Mapping[str, str],
    *,
    options: Mapping[str, object],
    left_over: Sequence[str],
    software: str,
) -> dict[str, object]:
    """The manifest as a JSON value; ``docs/convert.md`` describes each field.

    It holds no time and no absolute path: the same inputs give the same bytes.
    """
    return {
        "schema": SCHEMA,
        "identifying": True,
        "identifying_because": IDENTIFYING,
        "software": software,
        "options": dict(options),
        "volumes": [entry.as_dict() for entry in entries],
        "left_over": list(left_over),
        "files": dict(files),
    }


def write_manifest(
    document: Mapping[str, object], entries: Sequence[ManifestEntry], left_over: Sequence[str], folder: Path
) -> None:
    """Write both manifests, each whole or not at all; those of an earlier run are replaced.

    Args:
        document: As JSON.
        entries: The rows of the table.
        left_over: Outputs of earlier runs that no volume has.
        folder: The output folder, which :func:`~medseg.io.conversion_folder.claimed_folder` claimed.

    Raises:
        OutputError: They can't be written.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    with scratch_folder(folder) as scratch:
        for name, content in ((MANIFEST_CSV, _as_csv(entries, left_over)), (MANIFEST_JSON, f"{text}\n")):
            write_whole(folder / name, content.encode(), overwrite=True, made_in=scratch)


CSV_COLUMNS = (
    "id", "modality", "status", "reason", "message", "output", "shape_kji", "spacing_kji_mm",
    "residual_mm", "shear", "axis", "axis_values", "axis_unit", "quantity", "unit", "dtype", "frames",
    "sha256", "warnings",
)  # fmt: skip


def _as_csv(entries: Sequence[ManifestEntry], left_over: Sequence[str]) -> str:
    """One row a volume, without what ties it to a patient: no UID, no key, and messages that name no files.

    Lists are joined by spaces, warnings by ``|``. Outputs of earlier runs have rows too: who takes all files
    of the folder would else take them for volumes of this run.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_row, entries))
    writer.writerows({"status": "left-over", "output": output} for output in left_over)
    return text.getvalue()


def _row(entry: ManifestEntry) -> dict[str, object]:
    summary, geometry, written = entry.summary, entry.summary.geometry, entry.written
    row: dict[str, object] = {
        "id": summary.id,
        "modality": summary.modality,
        "status": summary.status.value,
        "reason": summary.reason,
        "message": entry.shown,
        "output": summary.output,
        "frames": summary.frames,
        "warnings": " | ".join(summary.warnings),
    }
    if geometry:
        row |= {
            "shape_kji": " ".join(map(str, geometry.shape_kji)),
            "spacing_kji_mm": " ".join(map(repr, geometry.spacing_kji_mm)),
            "residual_mm": geometry.residual_mm,
            "shear": geometry.shear,
        }
    if summary.axis:
        row |= {
            "axis": summary.axis.value,
            "axis_values": " ".join(map(repr, summary.axis_values)),
            "axis_unit": summary.axis.unit,
        }
    if summary.quantity:
        row |= {"quantity": summary.quantity.value, "unit": summary.quantity.unit}
    if written and summary.output:
        row |= {"dtype": written.dtype, "sha256": written.sha256[summary.output]}
    return row
