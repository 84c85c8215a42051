"""Every series of a tree of DICOM files, converted by medseg and its peers, checked frame by frame.

    python benchmarks/compare_peers.py DATA --write docs/comparison.md

Each series is copied into a folder of its own and converted by each in a process of its own, with its
defaults. What they wrote is compared with the DICOM by the oracle in `frame_oracle.py`, which shares no code
with medseg. Objects that hold no image of the patient (RTSTRUCT, SEG, SR) are left out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import pydicom

from dicom_frames import is_image
from frame_oracle import Frame, FrameReport, UndecodableError, check_nifti, read_frames
from peers import DCM2NIIX_BY_THE_DICOM, PEERS, Attempt, Peer


class Verdict(StrEnum):
    """What a converter did with a series, from best to worst."""

    RIGHT = "right"
    PARTLY = "right, the rest refused"
    BESIDE = "right, beside slices that no frame has"
    REFUSED = "refused"
    NOTHING = "nothing, without a word"
    FAILED = "**failed**"
    WRONG = "**wrong**"
    UNJUDGED = "not judged"


@dataclass(frozen=True)
class Case:
    """One series as it lies in the tree.

    Attributes:
        name: Its folder in the tree, and its file where the folder holds several cases of one file.
        files: Its files.
    """

    name: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Outcome:
    """One cell of the table.

    Attributes:
        verdict: In one word.
        detail: What is wrong, or why it was refused.
        right: Frames that are right.
        seconds: Of its process.
    """

    verdict: Verdict
    detail: str
    right: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.verdict}: {self.detail}" if self.detail else str(self.verdict)


@dataclass(frozen=True)
class Row:
    """One series: its frames (None where the oracle can't read them) and what each converter did."""

    case: Case
    frames: int | None
    outcomes: dict[str, Outcome]


def main() -> None:
    """Compare all on one tree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with DICOM files below it")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE")
    parser.add_argument("--only", default="", metavar="TEXT", help="only series whose name holds TEXT")
    parser.add_argument("--tools", nargs="+", metavar="NAME", help="only these converters")
    options = parser.parse_args()
    wanted = [peer for peer in PEERS if not options.tools or peer.name in options.tools]
    for peer in wanted:
        if not peer.installed:
            print(f"{peer.name} is not installed and left out: pip install 'medseg[bench]'", file=sys.stderr)
    peers = [peer for peer in wanted if peer.installed]
    rows = []
    for case in find_cases(options.data):
        if options.only in case.name:
            rows.append(judge_case(case, peers))
            print(_line(rows[-1], peers), file=sys.stderr, flush=True)
    page = render(rows, peers)
    if options.write:
        options.write.write_text(page)
    else:
        print(page)


def find_cases(data: Path) -> list[Case]:
    """Series by their UID and folder.

    Files that repeat a SOP instance in another encoding are cases of their own, and so is each transfer
    syntax: a folder of one image in many encodings is not a series of many images.
    """
    groups: dict[tuple[str, str, str, int], list[Path]] = defaultdict(list)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = _header(path)
        if dataset is None:
            continue
        folder = path.parent.relative_to(data).as_posix()
        syntax = str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", ""))
        series, instance = str(dataset.get("SeriesInstanceUID", "")), dataset.get("SOPInstanceUID")
        repeats = 0
        if instance:
            repeats = seen[folder, series, syntax, str(instance)]
            seen[folder, series, syntax, str(instance)] += 1
        groups[folder, series, syntax, repeats].append(path)
    in_folder = Counter(folder for folder, *_ in groups)
    return [
        Case(folder if in_folder[folder] == 1 else f"{folder}/{files[0].name}", tuple(files))
        for (folder, *_), files in groups.items()
    ]


def _header(path: Path) -> pydicom.Dataset | None:
    """The header of an image; None for anything else."""
    try:
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        return dataset if is_image(dataset) else None
    except Exception:  # noqa: BLE001 - junk that pydicom takes for DICOM fails in any way
        return None


def judge_case(case: Case, peers: Sequence[Peer]) -> Row:
    """Convert one series by each and compare what they wrote."""
    try:
        frames = read_frames(case.files)
    except UndecodableError:
        frames = None
    with tempfile.TemporaryDirectory(prefix="medseg_peers_") as folder:
        source = Path(folder) / "in"
        source.mkdir()
        for file in case.files:
            shutil.copyfile(file, source / file.name)
        outcomes = {peer.name: _judge(peer, source, Path(folder) / peer.name, frames) for peer in peers}
    return Row(case, None if frames is None else len(frames), outcomes)


def _judge(peer: Peer, source: Path, out: Path, frames: list[Frame] | None) -> Outcome:
    attempt = peer.convert(source, out)
    reasons = ", ".join(f"`{reason}`" for reason in sorted(attempt.refused))
    if not attempt.files:
        verdict, detail = _nothing_written(peer, attempt, reasons)
        return Outcome(verdict, detail, 0, attempt.seconds)
    if frames is None:
        detail = "written, but the oracle can't read the pixels"
        return Outcome(Verdict.UNJUDGED, detail, 0, attempt.seconds)
    report = check_nifti(frames, attempt.files)
    if report.placeless == report.frames:
        detail = "written, but the DICOM tells no place"
        return Outcome(Verdict.UNJUDGED, detail, 0, attempt.seconds)
    verdict, detail = _verdict(report, attempt, reasons)
    if verdict is Verdict.WRONG and report.wrong_values and peer.name == "dcm2niix":
        again = DCM2NIIX_BY_THE_DICOM.convert(source, out.with_name("dcm2niix by the DICOM"))
        if check_nifti(frames, again.files).right == report.frames:
            detail += "; right with `-p n`"
    return Outcome(verdict, detail, report.right, attempt.seconds)


def _nothing_written(peer: Peer, attempt: Attempt, reasons: str) -> tuple[Verdict, str]:
    if attempt.exit_code < 0 or (peer.name == "medseg" and not reasons):
        # Ended by a signal; and medseg promises a reason for whatever it does not convert.
        return Verdict.FAILED, f"exit code {attempt.exit_code}"
    return (Verdict.REFUSED if attempt.complained or reasons else Verdict.NOTHING), reasons


def _verdict(report: FrameReport, attempt: Attempt, reasons: str) -> tuple[Verdict, str]:
    refused = sum(attempt.refused.values())
    wrong = {
        f"misplaced by up to {report.worst_mm:.2f} mm": report.misplaced,
        "with other values": report.wrong_values,
        "lost": max(report.lost - refused, 0),
        "without a place": report.placeless,
    }
    faults = [f"{count} of {report.frames} frames {what}" for what, count in wrong.items() if count]
    if faults:
        return Verdict.WRONG, "; ".join(faults)
    if report.unexplained_voxels:
        return Verdict.BESIDE, ""
    if refused:
        return Verdict.PARTLY, f"{report.right} frames right, {refused} refused: {reasons}"
    return Verdict.RIGHT, ""


def _line(row: Row, peers: Sequence[Peer]) -> str:
    frames = "?" if row.frames is None else str(row.frames)
    return f"| {row.case.name} | {frames} | {' | '.join(str(row.outcomes[p.name]) for p in peers)} |"


def render(rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    """The page in Markdown."""
    names = [peer.name for peer in peers]
    head = f"| series | frames | {' | '.join(names)} |\n|{' --- |' * (len(names) + 2)}"
    versions = ", ".join(f"{peer.name} {version(peer.package)}" for peer in peers)
    frames = sum(row.frames or 0 for row in rows)
    return f"""# Conversion, frame by frame

Made by `python benchmarks/compare_peers.py DATA --write docs/comparison.md`:
{versions}.
Each converts each series in a folder of its own, with its defaults but without compression.

- *Right*: the four corner pixels of every frame lie within 0.05 mm of where the DICOM puts them, its values
  are the rescaled ones (exactly where float32 holds them, else to its last places), and no voxel is without a
  frame. A frame of a series with more axes may lie anywhere along the fourth.
- *Refused*: no file was written, and that was said. A word like `{_example(rows)}` is the reason in medseg's
  manifest.
- *Wrong*: files were written that don't hold what the DICOM says, mostly without a word.
- *Failed*: it ended by a crash, or without the reason that medseg owes for whatever it does not convert.
- *Not judged*: the DICOM tells no place of the image, or its pixels are numbers of a colour palette.

The oracle is `benchmarks/frame_oracle.py`: pydicom and nibabel, nothing of medseg's.

{_single_slices(rows)} of medseg's refusals are `one-slice`: single images, whose distance to the next slice
no header tells. `--single-slices` takes their thickness instead; then those that have one come out right,
among them every compression in `codecs/` (`tests/io/dicom/test_real_data.py`).

## All series

| | {" | ".join(names)} |
|{" --- |" * (len(names) + 1)}
{_totals(rows, names)}
| frames right, of {frames:,} | {" | ".join(f"{_right(rows, name):,}" for name in names)} |
| seconds, start-up included | {" | ".join(f"{_seconds(rows, name):.1f}" for name in names)} |

## Series by series

{head}
{chr(10).join(_line(row, peers) for row in rows)}
"""


def _totals(rows: Sequence[Row], names: Sequence[str]) -> str:
    lines = []
    for verdict in Verdict:
        counts = [sum(row.outcomes[name].verdict is verdict for row in rows) for name in names]
        if any(counts):
            lines.append(f"| {verdict} (of {len(rows)} series) | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def _right(rows: Sequence[Row], name: str) -> int:
    return sum(row.outcomes[name].right for row in rows)


def _single_slices(rows: Sequence[Row]) -> int:
    return sum("one-slice" in row.outcomes["medseg"].detail for row in rows if "medseg" in row.outcomes)


def _seconds(rows: Sequence[Row], name: str) -> float:
    return sum(row.outcomes[name].seconds for row in rows)


def _example(rows: Sequence[Row]) -> str:
    reasons = [row.outcomes["medseg"].detail for row in rows if "medseg" in row.outcomes]
    return next((reason.split("`")[1] for reason in reasons if reason.startswith("`")), "not-one-volume")


if __name__ == "__main__":
    main()
