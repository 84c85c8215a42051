"""medseg's conversion command beside dcm2niix's in one run, start-up included.

    python benchmarks/convert.py                        everything: 5 GB of free space, some minutes
    python benchmarks/convert.py series jpeg2000        only these
    python benchmarks/convert.py --write benchmarks/results/convert.md

Parts: `series` one CT of 512×512×500, `tree` 20 such series of 200 slices, `jpeg2000` the series compressed
losslessly, `index` what is in 10,000 files. All input is made on the spot and deleted afterwards. Both
commands run with their defaults but for the compression, in turn. Ratios are of medians.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from frame_oracle import check_nifti, read_frames
from made_ct import CtSeries, write_ct_series, write_ct_tree
from timed_commands import Job, Timing, dcm2niix_command, interleaved, medseg_command

MIB = 2**20
CHECKED_FRAMES = 12
"""So many frames of an output are looked up by the oracle: a quick conversion must be a right one."""


@dataclass(frozen=True)
class Sizes:
    """How much is made."""

    matrix: int = 512
    slices: int = 500
    tree_series: int = 20
    tree_slices: int = 200
    index_series: int = 50
    index_slices: int = 200
    rounds: int = 5


QUICK = Sizes(matrix=64, slices=6, tree_series=2, tree_slices=3, index_series=2, index_slices=5, rounds=1)
"""Whether the script runs at all."""


@dataclass(frozen=True)
class Conversion:
    """One input converted to one kind of file.

    Attributes:
        name: For the table.
        suffix: ``.nii`` or ``.nii.gz``.
        asked: The ratio that is asked for.
        volume_mib: Voxels of the largest single volume, for the memory; None where several are converted.
    """

    name: str
    suffix: str
    asked: float
    volume_mib: float | None = None

    @property
    def compress(self) -> bool:
        """Whether the file is gzipped."""
        return self.suffix.endswith(".gz")


def main() -> None:
    """Measure what is asked for and print it."""
    parts = {"series": series, "tree": tree, "jpeg2000": jpeg2000, "index": index}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--quick", action="store_true", help="tiny inputs, one round: only whether it runs")
    parser.add_argument("--rounds", type=int, help="timed rounds of each command")
    parser.add_argument(
        "--work", type=Path, help="where inputs and outputs go (default: the temporary folder)"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the tables to FILE")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"expected PART to be among {', '.join(parts)}; found {', '.join(sorted(unknown))}")
    sizes = QUICK if options.quick else Sizes()
    rounds = options.rounds or sizes.rounds
    sections = [_preamble(rounds)]
    for name in options.parts or parts:
        with _work_folder(options.work) as work:
            sections.append(parts[name](sizes, rounds, work))
        print(sections[-1], flush=True)
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text("\n".join(sections))


def series(sizes: Sizes, rounds: int, work: Path) -> str:
    """One uncompressed series."""
    source = work / "in"
    write_ct_series(source, CtSeries(slices=sizes.slices, matrix=sizes.matrix))
    mib = sizes.slices * sizes.matrix**2 * 2 / MIB
    title = f"One series, {sizes.matrix}×{sizes.matrix}×{sizes.slices}, {mib:.0f} MiB of voxels"
    return _conversions(
        title,
        source,
        work,
        rounds,
        [Conversion("series", ".nii", 1.0, mib), Conversion("series", ".nii.gz", 6.0, mib)],
    )


def tree(sizes: Sizes, rounds: int, work: Path) -> str:
    """A tree of uncompressed series."""
    source = work / "in"
    write_ct_tree(source, sizes.tree_series, CtSeries(slices=sizes.tree_slices, matrix=sizes.matrix))
    title = (
        f"A tree of {sizes.tree_series} series of {sizes.tree_slices} slices, {sizes.matrix}×{sizes.matrix}"
    )
    return _conversions(
        title, source, work, rounds, [Conversion("tree", ".nii", 2.0), Conversion("tree", ".nii.gz", 8.0)]
    )


def jpeg2000(sizes: Sizes, rounds: int, work: Path) -> str:
    """One series compressed by JPEG 2000, lossless."""
    source = work / "in"
    write_ct_series(source, CtSeries(slices=sizes.slices, matrix=sizes.matrix, jpeg2000=True))
    mib = sizes.slices * sizes.matrix**2 * 2 / MIB
    title = f"One series in JPEG 2000 lossless, {sizes.matrix}×{sizes.matrix}×{sizes.slices}"
    return _conversions(title, source, work, rounds, [Conversion("JPEG 2000", ".nii", 3.0, mib)])


def index(sizes: Sizes, rounds: int, work: Path) -> str:
    """What is in a tree of many files: the workflow in process, and the command."""
    source = work / "in"
    count = sizes.index_series * sizes.index_slices
    small = CtSeries(slices=sizes.index_slices, matrix=min(64, sizes.matrix))
    write_ct_tree(source, sizes.index_series, small)
    timings, _ = interleaved(
        {
            "`medseg.workflows.inspect` in process": _timed(lambda _: _inspect(source)),
            "`medseg inspect`": Job((*medseg_command(), "inspect", str(source))).run,
        },
        work,
        rounds=rounds,
    )
    lines = [
        f"## Index of {count:,} files\n",
        "| | min s | median s | files a second |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {t.min_s:.3f} | {t.median_s:.3f} | {count / t.median_s:,.0f} |"
        for name, t in timings.items()
    ]
    return "\n".join(lines) + "\n\nAsked for: 5,000 files a second.\n"


def _conversions(title: str, source: Path, work: Path, rounds: int, kinds: list[Conversion]) -> str:
    head = "| to | by | min s | median s | × dcm2niix | asked | size MiB | × its size | peak MiB | × volume |"
    lines = [f"## {title}\n", head, "|" + " --- |" * head.count(" | ") + " --- |"]
    for kind in kinds:
        lines += _compare(kind, source, work, rounds)
    return "\n".join(lines) + "\n"


def _compare(kind: Conversion, source: Path, work: Path, rounds: int) -> list[str]:
    ours = Job(
        (*medseg_command(), "convert", str(source), "{out}", *(() if kind.compress else ("--no-compress",)))
    )
    theirs = Job((*dcm2niix_command(), "-z", "y" if kind.compress else "n", "-o", "{out}", str(source)))
    jobs: dict[str, Callable[[Path], float]] = {
        "dcm2niix": theirs.run,
        "medseg": ours.run,
        "medseg in process": _timed(lambda out: _convert(source, out, compress=kind.compress)),
    }
    if not kind.compress:
        jobs["floor: read all, write one"] = _timed(lambda out: _floor(source, out))
    timings, outputs = interleaved(jobs, work, rounds=rounds)
    sizes = {name: _size(outputs[name], kind.suffix) for name in jobs}
    for name in ("dcm2niix", "medseg"):
        _check(source, outputs[name], kind.suffix, name)
    for output in outputs.values():
        shutil.rmtree(output)
    peaks = {}
    for name, job in (("dcm2niix", theirs), ("medseg", ours)):
        peaks[name] = job.peak_mib(work / "peak")
        shutil.rmtree(work / "peak")
    return [_row(kind, name, timings, sizes, peaks) for name in jobs]


def _row(
    kind: Conversion, name: str, timings: dict[str, Timing], sizes: dict[str, int], peaks: dict[str, float]
) -> str:
    timing, size = timings[name], sizes[name]
    peak = peaks.get(name)
    cells = [
        f"`{kind.suffix}`",
        name,
        f"{timing.min_s:.3f}",
        f"{timing.median_s:.3f}",
        f"{timings['dcm2niix'].median_s / timing.median_s:.2f}",
        f"{kind.asked:g}" if name == "medseg" else "",
        f"{size / MIB:.1f}",
        f"{size / sizes['dcm2niix']:.3f}",
        f"{peak:.0f}" if peak else "",
        f"{peak / kind.volume_mib:.2f}" if peak and kind.volume_mib else "",
    ]
    return f"| {' | '.join(cells)} |"


def _check(source: Path, out: Path, suffix: str, name: str) -> None:
    """Whether frames here and there of what was just timed are where they should be, with their values."""
    paths = sorted(source.rglob("*.dcm"))
    frames = read_frames(paths[:: max(1, len(paths) // CHECKED_FRAMES)])
    report = check_nifti(frames, out.rglob(f"*{suffix}"))
    if report.right != report.frames:
        raise SystemExit(f"{name} converted wrongly: {', '.join(report.faults[:3])}")


def _convert(source: Path, out: Path, *, compress: bool) -> None:
    from medseg.workflows.convert import ConvertOptions, convert

    if convert([source], out, ConvertOptions(compress=compress)).refused:
        raise SystemExit("medseg refused a series that was made to be ordinary")


def _inspect(source: Path) -> None:
    from medseg.workflows.inspect import inspect

    with redirect_stdout(io.StringIO()):
        inspect(source)


def _floor(source: Path, out: Path) -> None:
    """Read every file, one by one into the same memory, and write them all as one."""
    paths = sorted(source.rglob("*.dcm"))
    block = memoryview(bytearray(max(path.stat().st_size for path in paths)))
    out.mkdir(parents=True)
    with (out / "all.nii").open("wb", buffering=0) as whole:
        for path in paths:
            with path.open("rb", buffering=0) as file:
                whole.write(block[: file.readinto(block)])


def _timed(run: Callable[[Path], None]) -> Callable[[Path], float]:
    def timed(out: Path) -> float:
        start = time.perf_counter()
        run(out)
        return time.perf_counter() - start

    return timed


def _size(out: Path, suffix: str) -> int:
    return sum(path.stat().st_size for path in out.rglob(f"*{suffix}"))


@contextmanager
def _work_folder(parent: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="medseg_benchmark_", dir=parent) as folder:
        os.environ["XDG_CONFIG_HOME"] = folder  # the user's own secret stays out of this
        yield Path(folder)


def _preamble(rounds: int) -> str:
    version = subprocess.run(
        [*dcm2niix_command(), "--version"], capture_output=True, text=True, check=False
    ).stdout.split()[-1]
    compressor = "pigz" if shutil.which("pigz") else "its internal zlib (no pigz is installed)"
    return (
        "# Conversion: medseg beside dcm2niix\n\n"
        "Made by `benchmarks/convert.py`. Commands, start-up included, warm file cache, run in turn: "
        f"{rounds} rounds after one that is not counted. × dcm2niix is its median over this one's. The floor "
        "reads every file and writes one, without looking at either. Peak memory is of the process and its "
        "children together.\n\n"
        f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores, dcm2niix {version} with "
        f"{compressor}.\n"
    )


if __name__ == "__main__":
    main()
