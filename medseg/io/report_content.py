"""What stands in the report of a case, as text: the same words for the page and for the PDF."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from medseg.io.history_pictures import Picture
from medseg.labelmap import LabelMap, ancestors
from medseg.measurement.size import MM3_PER_ML
from medseg.measurement.structures import StructureMeasurements
from medseg.review.verification import Signature, Verdict, Verification
from medseg.volume import Volume

MAX_ROWS = 14
"""Of the table: what fits on a page beside pictures and signatures."""

MAX_SIGNATURES = 6
"""The latest ones; the others are counted."""

MAX_DISTANCES = 5
"""Structures whose distances to others stand below the table."""

MAX_NEAREST = 3
"""Distances of each."""

MM2_PER_CM2 = 100.0

NOT_A_DEVICE = "Not a medical device: a physician has to judge pictures and numbers."


@dataclass(frozen=True)
class Row:
    """One structure in the table.

    Attributes:
        color: Of its outlines.
        depth: 0; 1 for what is part of another structure, and so on.
        cells: Its name and numbers, as the headings say.
    """

    color: str
    depth: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class SignedLine:
    """A signature as 21 CFR 11.50 asks for it: printed name, date and time, meaning.

    Attributes:
        meaning: What it means.
        signer: Name and role.
        time: When, and who says so.
        more: Reason, and which structures where not all; empty where there is nothing to say.
    """

    meaning: str
    signer: str
    time: str
    more: str = ""


@dataclass(frozen=True)
class Standing:
    """Where the label map stands.

    Attributes:
        badge: In a word or two.
        is_good: Whether this is what was signed; None where nobody signed or nothing was checked.
        words: What that means.
        signatures: The latest last.
        problems: What does not fit.
    """

    badge: str
    is_good: bool | None
    words: str
    signatures: tuple[SignedLine, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseReport:
    """All of a report.

    Attributes:
        title: Its heading; it names a patient only where whoever asked for the report did.
        facts: Names and values: image, window, voxels, software, time.
        standing: State and signatures.
        headings: Of the table.
        rows: Of the table.
        remarks: Below the table: distances, and what should be known of the numbers.
        slices: Key slices.
        surfaces: Pictures in 3-D.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    standing: Standing
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    slices: tuple[Picture, ...]
    surfaces: tuple[Picture, ...]


def facts_of(
    label_map: LabelMap,
    image: Volume | None,
    window: tuple[float, float] | None,
    *,
    voxels_sha256: str,
    software: str,
    made_at: str,
) -> tuple[tuple[str, str], ...]:
    """What the numbers were taken from."""
    k, j, i = label_map.grid.shape_kji
    dk, dj, di = label_map.grid.spacing_kji_mm
    facts = [("Grid", f"{k} × {j} × {i} voxels (k, j, i) of {dk:.4g} × {dj:.4g} × {di:.4g} mm")]
    if image is not None:
        values = f"values in {image.quantity.unit}" if image.quantity.unit else "values without unit"
        modality = f"{image.source.modality}, " if image.source.modality else ""
        facts.append(("Image", f"{modality}{image.source.format}, {values}"))
    if window is not None:
        facts.append(("Window", f"{window[0]:.3g} to {window[1]:.3g}"))
    facts.append(("Label map", f"voxels sha256 {voxels_sha256}"))
    facts.append(("Made", f"{made_at} by {software}"))
    return tuple(facts)


def standing_of(verification: Verification | None) -> Standing:
    """State and signatures; None where no trust folder was named."""
    if verification is None:
        return Standing("not verified", None, "No trust folder was named: signatures were not looked at.")
    signed = verification.signatures
    lines = tuple(_signed_line(one, verification) for one in signed[-MAX_SIGNATURES:])
    left = len(signed) - len(lines)
    problems = [
        *verification.problems,
        *(f"not as signed: {difference.field}" for difference in verification.differs),
        *verification.warnings,
        *([f"{left} earlier signatures are not shown"] if left else []),
    ]
    verdict = verification.verdict
    is_good = None if verdict is Verdict.UNSIGNED else verification.holds
    state = verification.state.value if verification.holds else verdict.value
    return Standing(state, is_good, _MEANS[verdict], lines, tuple(problems))


_MEANS = {
    Verdict.VALID: "Verified: this is what was signed.",
    Verdict.CONTENT_MATCHES: "Verified: the content is what was signed; the bytes of the files differ.",
    Verdict.INVALID: "This is NOT what was signed, or the signatures are not good.",
    Verdict.UNSIGNED: "Nobody signed this.",
}


def _signed_line(one: Signature, verification: Verification) -> SignedLine:
    time = f"{one.signed_at.isoformat(sep=' ', timespec='seconds')} by the signer's clock"
    if one.checkpointed_at is not None:
        proven = one.checkpointed_at.isoformat(sep=" ", timespec="seconds")
        time = f"{one.signed_at.isoformat(sep=' ', timespec='seconds')}, there by {proven} (checkpoint)"
    is_this = verification.holds and one.content_digest == verification.content_digest
    then = "" if is_this else " (of other content)"
    names = {each.id: each.name for each in verification.structures}
    only = [] if set(one.structures) >= set(names) else [names.get(each, each) for each in one.structures]
    more = [*([f"only {', '.join(only)}"] if only else []), *([one.reason] if one.reason else [])]
    return SignedLine(f"{one.meaning.value}{then}", f"{one.name} ({one.role})", time, "; ".join(more))


_IN_PLANE = ("longest-in-plane", "perpendicular-in-plane")

_Cell = Callable[[StructureMeasurements], str]


def table_of(
    label_map: LabelMap, measurements: Sequence[StructureMeasurements], lesions: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[Row, ...], tuple[str, ...]]:
    """The headings and rows of the main numbers, and the remarks below.

    A column that no structure has a number for is left out. Where there are more structures than rows,
    lesions and what they are part of come first.
    """
    by_id = {one.structure.id: one for one in measurements}
    ordered = list(_nested(label_map, None, 0))
    first = _with_wholes(label_map, lesions)
    chosen = {each for each, _ in sorted(ordered, key=lambda one: one[0] not in first)[:MAX_ROWS]}
    shown = [(by_id[each], depth) for each, depth in ordered if each in chosen and each in by_id]
    columns = [
        (heading, cell) for heading, cell in _columns(measurements) if any(cell(one) for one, _ in shown)
    ]
    rows = tuple(
        Row(one.structure.color, depth, (one.structure.name, *(cell(one) or "–" for _, cell in columns)))
        for one, depth in shown
    )
    distances = list(_distances(label_map, measurements))
    remarks = distances[:MAX_DISTANCES]
    for what, left in (
        ("distances", len(distances) - len(remarks)),
        ("structures", len(ordered) - len(rows)),
    ):
        if left:
            remarks.append(f"{left} more {what} are not shown; medseg measure tells them all")
    return ("structure", *(heading for heading, _ in columns)), rows, tuple(remarks)


def _with_wholes(label_map: LabelMap, lesions: Collection[str]) -> set[str]:
    by_id = {each.id: each for each in label_map.structures}
    return {each for lesion in lesions for each in (lesion, *ancestors(by_id[lesion], by_id))}


def _nested(label_map: LabelMap, whole: str | None, depth: int) -> Iterator[tuple[str, int]]:
    """Ids of structures, each followed by its parts."""
    for structure in label_map.structures:
        if structure.part_of == whole:
            yield structure.id, depth
            yield from _nested(label_map, structure.id, depth + 1)


def _columns(measurements: Sequence[StructureMeasurements]) -> Iterator[tuple[str, _Cell]]:
    yield "volume, ml", lambda one: _number(one.value("volume-voxel"), 1 / MM3_PER_ML)
    yield "in plane, mm", lambda one: _pair(one, _IN_PLANE, " × ", "{:.1f}")
    yield "3-D, mm", lambda one: _number(one.value("longest-3d"))
    yield "surface, cm²", lambda one: _number(one.value("surface-crofton"), 1 / MM2_PER_CM2)
    yield "sphericity", lambda one: _number(one.value("sphericity"))
    units = {found.unit for one in measurements if (found := one.get("intensity-mean"))} - {None, "1"}
    unit = f", {' '.join(sorted(map(str, units)))}" if units else ""
    if not any(one.get("suv-max") for one in measurements):
        yield f"mean ± SD{unit}", lambda one: _pair(one, ("intensity-mean", "intensity-sd"), " ± ", "{:#.4g}")
        return
    for heading, key in (
        ("SUVmax", "suv-max"),
        ("SUVmean", "suv-mean"),
        ("SUVpeak", "suv-peak"),
        (f"MTV, ml{_threshold(measurements)}", "metabolic-tumour-volume"),
        ("TLG, g", "total-lesion-glycolysis"),
    ):
        yield heading, lambda one, key=key: _number(one.value(key))  # type: ignore[misc]


def _threshold(measurements: Sequence[StructureMeasurements]) -> str:
    for one in measurements:
        found = one.get("metabolic-tumour-volume")
        if found:
            return f" ({dict(found.parameters).get('threshold', '')})"
    return ""


def _distances(label_map: LabelMap, measurements: Sequence[StructureMeasurements]) -> Iterator[str]:
    """One sentence a structure: the margin within its whole, and what lies nearest."""
    names = {each.id: each.name for each in label_map.structures}
    for of_structure in measurements:
        said = []
        for one in of_structure.measured:
            other = names.get(str(dict(one.parameters).get("to")))
            if one.concept in ("least-distance", "margin") and one.value is not None and other:
                to = f"the surface of {other}" if one.concept == "margin" else other
                said.append((one.concept != "margin", one.value, to))
        if said:
            nearest = [f"{mm:.1f} mm to {to}" for _, mm, to in sorted(said)[:MAX_NEAREST]]
            yield f"{of_structure.structure.name}: {', '.join(nearest)}"


def _pair(one: StructureMeasurements, keys: Sequence[str], between: str, form: str) -> str:
    values = [one.value(key) for key in keys]
    if None in values:
        return ""
    return between.join(form.format(value) for value in values)


def _number(value: float | None, factor: float = 1.0) -> str:
    if value is None:
        return ""
    value *= factor
    # Three digits, but no powers of ten where people read ml.
    if not value or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")
