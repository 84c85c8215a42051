"""Times and memory, medseg and ITK-MCI in turn on the same structures of one 512×512×300 grid."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt

from interpolate.cases import given_indices, given_slices, mixed_slices, slices_at
from interpolate.memory import peak_above_bytes
from interpolate.options import Options
from interpolate.ours import completion_of, methods_for
from interpolate.peer import ItkPeer, sparse_image
from interpolate.speed_phantom import SpeedPhantom, lobulated, make_phantom
from interpolate.table import table
from medseg.contour import Slice
from medseg.interpolation import METHODS
from medseg.interpolation.drawn import DrawnStructure
from medseg.progress import silent
from medseg.space import Grid

THREADS = 4
EVERY = 5
ROUNDS = 9
USUAL_STEPS_MM = {"step_k_mm": (0, 0, 1.5), "step_j_mm": (0, 0.8, 0), "step_i_mm": (0.8, 0, 0)}
"""The voxels of an abdominal CT; those of the phantom are as small as for a head."""

CROP_MARGIN = 1
"""Voxels around the structure in what ITK is given as the crop."""

Drawn = Mapping[Slice, npt.NDArray[np.bool_]]
Timed = Callable[[], float]


def run(options: Options) -> str:
    """Measure and say it in Markdown."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    phantom = make_phantom(quick=options.quick)
    rounds = 2 if options.quick else ROUNDS
    with ItkPeer(options.itk_python) if options.itk_python else nullcontext() as peer:
        rows = list(_rows(phantom, peer, rounds))
    return "\n\n".join([_head(phantom, rounds), _times(rows), _memory(phantom)])


def _head(phantom: SpeedPhantom, rounds: int) -> str:
    k, j, i = phantom.grid.shape_kji
    return (
        f"## Speed and memory\n\n{i}×{j}×{k}, {THREADS} threads, medians of {rounds} rounds in ms after one "
        "that is not counted, all candidates in turn; × how many times ITK-MCI's time on the crop. A whole "
        "structure is `interpolate_masks`, from drawn slices to a label map of the full grid; ITK-MCI is the "
        "filter alone. *Both on its crop*: medseg's grid, too, is no larger than the structure. A gap is "
        "what the method does for two drawn slices."
    )


def _rows(phantom: SpeedPhantom, peer: ItkPeer | None, rounds: int) -> Iterator[list[str]]:
    for name, drawn, grid, asked in _jobs(phantom):
        print(name, file=sys.stderr, flush=True)
        mixed = len({where.axis for where in drawn}) > 1
        candidates: dict[str, Timed] = {}
        if peer is not None:
            candidates |= _peers(drawn, grid, peer)
        single = len(drawn) == 2
        for method in methods_for(mixed=mixed):
            candidates[method] = _ours(drawn, grid, method, single=single)
        times = medians_in_turn(candidates, rounds)
        reference = times.get("crop")
        cells = [name, *(_peer_cell(times.get(key)) for key in ("crop", "full"))]
        cells += [_cell(times[method], reference) if method in times else "" for method in METHODS]
        yield [*cells, asked]


def _jobs(phantom: SpeedPhantom) -> Iterator[tuple[str, Drawn, Grid, str]]:
    """What is completed, on which grid, and what was asked of it."""
    for name, drawn, asked in _whole_grid_jobs(phantom.masks):
        yield name, drawn, phantom.grid, asked
    grid = Grid.from_axes(phantom.grid.shape_kji, origin_lps_mm=(0, 0, 0), **USUAL_STEPS_MM)
    drawn = _ten_planes(lobulated(grid, 60.0))
    yield "tumour of 60 mm, 10 mixed planes, 0.8×0.8×1.5 mm", drawn, grid, "≤ 150 ms"
    for name in [name for name in phantom.masks if name.startswith("tumour")]:
        crop, grid = _cropped(phantom.masks[name], phantom.grid)
        yield f"{name}, k = {EVERY}, both on its crop", given_slices(crop, 0, EVERY), grid, "1 ×"


def _cropped(mask: npt.NDArray[np.bool_], grid: Grid) -> tuple[npt.NDArray[np.bool_], Grid]:
    """A structure and the grid around it; where that lies in the patient takes no time."""
    window = tuple(
        slice(max(int(index.min()) - CROP_MARGIN, 0), int(index.max()) + CROP_MARGIN + 1)
        for index in np.nonzero(mask)
    )
    crop = np.ascontiguousarray(mask[window])
    k, j, i = crop.shape
    return crop, Grid((k, j, i), grid.index_to_lps_mm)


def _whole_grid_jobs(masks: Mapping[str, npt.NDArray[np.bool_]]) -> Iterator[tuple[str, Drawn, str]]:
    tumours = [name for name in masks if name.startswith("tumour")]
    yield f"liver, k = {EVERY}", given_slices(masks["liver"], 0, EVERY), "5 ×"
    yield f"vessels, k = {EVERY}", given_slices(masks["vessels"], 0, EVERY), ""
    for name in tumours:
        yield f"{name}, k = {EVERY}", given_slices(masks[name], 0, EVERY), "1 ×"
    yield "one gap of the liver", _widest_gap(masks["liver"]), "4 ×, ≤ 40 ms; preview 8 ×"
    for name in tumours[1:]:
        yield f"one gap of the {name}", _widest_gap(masks[name]), "2 ×"
    yield f"{tumours[0]}, 10 mixed planes", _ten_planes(masks[tumours[0]]), "≤ 150 ms"


def _widest_gap(mask: npt.NDArray[np.bool_]) -> Drawn:
    """Two slices, k apart, where the structure is largest."""
    first = int(np.argmax(mask.sum(axis=(1, 2))))
    return slices_at(mask, 0, [first, first + EVERY])


def _ten_planes(mask: npt.NDArray[np.bool_]) -> Drawn:
    """Four axial slices, both ends among them, three sagittal and three coronal ones."""
    indices = given_indices(mask, 0, 1)
    return mixed_slices(mask, -(-(len(indices) - 1) // 3), 3, 3)


def _peers(drawn: Drawn, grid: Grid, peer: ItkPeer) -> dict[str, Timed]:
    sparse = sparse_image(drawn, grid.shape_kji)
    window = tuple(
        slice(max(int(index.min()) - CROP_MARGIN, 0), int(index.max()) + CROP_MARGIN + 1)
        for index in np.nonzero(sparse)
    )
    axes = {where.axis for where in drawn}
    axis = axes.pop() if len(axes) == 1 else -1

    def timed(image: npt.NDArray[np.uint8]) -> Timed:
        return lambda: peer.complete_image(image, axis, grid.spacing_kji_mm).seconds

    return {"crop": timed(np.ascontiguousarray(sparse[window])), "full": timed(sparse)}


def _ours(drawn: Drawn, grid: Grid, method: str, *, single: bool) -> Timed:
    structure = DrawnStructure("structure", grid, drawn)

    def one_gap() -> object:
        return METHODS[method].complete(structure, None, silent).depth_mm > 0

    def whole() -> object:
        return completion_of(drawn, grid, method)

    run_once = one_gap if single else whole

    def timed() -> float:
        start = time.perf_counter()
        run_once()
        return time.perf_counter() - start

    return timed


def medians_in_turn(candidates: Mapping[str, Timed], rounds: int) -> dict[str, float]:
    """Median seconds of each, taking turns so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, timed in candidates.items():
            seconds = timed()
            if number:
                times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def _peer_cell(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1e3:.1f}"


def _cell(seconds: float, reference: float | None) -> str:
    ratio = f" ({reference / seconds:.1f} ×)" if reference else ""
    return f"{seconds * 1e3:.1f}{ratio}"


def _times(rows: list[list[str]]) -> str:
    return table(["", "ITK-MCI, crop", "ITK-MCI, full", *METHODS, "asked"], rows)


def _memory(phantom: SpeedPhantom) -> str:
    """Peak memory of a whole run in multiples of the structure's box in float32."""
    rows = []
    liver, tumour = phantom.masks["liver"], phantom.masks["tumour of 60 mm"]
    jobs = [("liver", liver, given_slices(liver, 0, EVERY), method) for method in methods_for(mixed=False)]
    jobs += [("tumour of 60 mm, 10 mixed planes", tumour, _ten_planes(tumour), "auto")]
    for name, mask, drawn, method in jobs:
        box = 4 * int(np.prod([int(np.ptp(index)) + 1 for index in np.nonzero(mask)]))
        peak = peak_above_bytes(drawn, phantom.grid, method)
        rows.append(
            [f"{name}, {method}", f"{box / 2**20:.0f}", f"{peak / 2**20:.0f}", f"{peak / box:.1f}", "6"]
        )
    text = (
        "Peak memory of a process of its own above the drawn slices that it is given and the label map that "
        "it returns; MiB, and times the structure's box in float32."
    )
    return text + "\n\n" + table(["", "box", "peak", "× the box", "asked"], rows)
