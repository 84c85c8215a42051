"""Making the engine ready before it is needed."""

from __future__ import annotations

from typing import Any

import pytest

from medseg.errors import Cancelled
from medseg.interpolation import registry
from medseg.workflows import warm_up as module
from medseg.workflows.warm_up import warm_up


def test_every_default_method_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    asked: list[Any] = []
    complete, ask = module.interpolate_masks, module.draw_next

    def completed(*args: Any, **keywords: Any) -> Any:
        completion = complete(*args, **keywords)
        ran.append(completion.method)
        assert completion.label_map.voxels.any()
        return completion

    def suggested(*args: Any, **keywords: Any) -> Any:
        asked.append(args)
        return ask(*args, **keywords)

    measure, measured = module.measure_structure, []

    def told(*args: Any) -> Any:
        measured.extend(measure(*args).measured)
        return measured

    monkeypatch.setattr(module, "measure_structure", told)
    monkeypatch.setattr(module, "interpolate_masks", completed)
    monkeypatch.setattr(module, "draw_next", suggested)
    warm_up()
    assert ran == [registry.PARALLEL, registry.MIXED]
    assert len(asked) == 2
    assert {"sphericity", "longest-in-plane", "intensity-peak-global"} <= {one.concept for one in measured}


def test_it_can_be_stopped() -> None:
    def stop(task: str, done: int, total: int) -> None:
        raise Cancelled(task)

    with pytest.raises(Cancelled):
        warm_up(stop)
