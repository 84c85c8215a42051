"""The loop of the training: patches → loss → step, with checkpoints that it goes on from to the same bits.

Dice and cross-entropy together, and a learning rate that falls to 0 (nnU-Net; here with AdamW and a cosine,
which get further in few steps). On a GPU the network runs in half precision.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.bundle.config_parser import ConfigParser
from monai.inferers.inferer import SlidingWindowInferer
from monai.losses.dice import DiceCELoss

from medseg.assist.bundle.guidance import click_channels, current_channels
from medseg.assist.training.clicks import corrective_click
from medseg.assist.training.configs import form_of
from medseg.assist.training.patches import Patches
from medseg.assist.training.plan import Plan
from medseg.assist.training.preparing import PreparedCase

Device = torch.device
"""Where a network runs."""

WARM_UP = 0.1
"""Share of the steps in which the learning rate rises: large first steps of AdamW throw a network off."""

MOST_NORM = 12.0
"""Longer gradients are cut to this, as in nnU-Net."""

ALONE_FIRST = 0.3
"""Share of the steps before the first click: else a network waits to be told, and learns late to look."""

WITH_CLICKS = 0.5
"""Share of the later steps that are guided: the network must find structures alone, too (DeepEdit)."""

MOST_CLICKS = 3
"""In a guided step."""

CLICKS_ALONE = 0.25
"""Share of the guided steps that keep the current structures back: a reader may begin with a click."""

MOST_LOOKED_AT = 4
"""Cases that are measured on the way: all of them at each report would take more than the training."""

LEAST_TIMED = 6
"""Steps; the first half takes longer, while libraries find their way, and does not count."""


class Trainer:
    """A network that is being trained.

    Args:
        plan: What is trained.
        patches: What it learns from.
        device: Where.
    """

    def __init__(self, plan: Plan, patches: Patches, device: torch.device) -> None:
        self.plan = plan
        self.step = 0
        self._patches = patches
        self.device = device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            network: torch.nn.Module = ConfigParser({"network": plan.network.config}).get_parsed_content(
                "network"
            )
        self.network = network.to(device)
        self._loss = DiceCELoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=plan.learning_rate, weight_decay=1e-4
        )
        self._scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")

    @property
    def is_done(self) -> bool:
        """Whether all steps of the plan are taken."""
        return self.step >= self.plan.steps

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        share = (self.step + 1) / (self.plan.steps + 1)
        if share < WARM_UP:
            return self.plan.learning_rate * share / WARM_UP
        return self.plan.learning_rate * 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))

    def advance(self) -> float:
        """Take one step; returns its loss."""
        image, label = (each.to(self.device) for each in self._patches.of_step(self.step))
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate
        # Whatever draws numbers in a step, such as dropout, draws them by the step's own seed.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(self._random(2).integers(2**31)))
            if self.plan.guided:
                image = torch.cat([image, self._guidance(image, label)], dim=1)
            self.network.train()
            with self._precision():
                loss = self._loss(self.network(image), label)
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimiser)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), MOST_NORM)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self.step += 1
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write all that :meth:`load` needs to go on from here."""
        torch.save(
            {
                "step": self.step,
                "network": self.network.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "scaler": self._scaler.state_dict(),
            },
            path,
        )

    def load(self, path: Path) -> None:
        """Go on from what :meth:`save` wrote.

        Raises:
            Exception: It is damaged, or of another network.
        """
        state: Mapping[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        self.step = int(state["step"])

    def save_weights(self, path: Path) -> None:
        """Write the weights alone, as a bundle has them."""
        torch.save({key: value.cpu() for key, value in self.network.state_dict().items()}, path)

    @property
    def weights(self) -> int:
        """How many numbers are learned."""
        return sum(each.numel() for each in self.network.parameters())

    def rough_dice(self, cases: Sequence[PreparedCase]) -> dict[str, float]:
        """Mean Dice by structure on some cases, on the plan's voxels: to see how the training goes."""
        names = self.plan.structures
        rows = []
        for case in cases[:MOST_LOOKED_AT]:
            image, label = case.opened()
            channels = form_of(self.plan).channels if self.plan.guided else 0
            batch = np.concatenate([image, np.zeros((channels, *image.shape[1:]), np.float32)])[None]
            proposed = self._proposed(torch.from_numpy(batch).to(self.device), self._windows)[0]
            rows.append([_dice(proposed == n, label[0] == n) for n in range(1, len(names) + 1)])
        means = np.mean(rows, axis=0).tolist() if rows else []
        return dict(zip(names, means, strict=False))

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.plan.seed, purpose, self.step))

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, enabled=self.device.type == "cuda")

    def _guidance(self, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """What a reader would have given by now: nothing, or some clicks upon the network's own proposals."""
        rng = self._random(3)
        form = form_of(self.plan)
        guidance = torch.zeros((image.shape[0], form.channels, *image.shape[2:]), device=self.device)
        if self.step < ALONE_FIRST * self.plan.steps or rng.random() >= WITH_CLICKS:
            return guidance
        truth = label[:, 0].cpu().numpy()
        clicks: list[list[list[tuple[int, ...]]]] = [[[] for _ in range(self.plan.classes)] for _ in truth]
        for _ in range(int(rng.integers(1, MOST_CLICKS + 1))):
            proposed = self._proposed(torch.cat([image, guidance], dim=1))
            drawn = [self._drawn(*each) for each in zip(clicks, proposed, truth, strict=True)]
            guidance = torch.from_numpy(np.stack(drawn)).to(self.device)
        if rng.random() < CLICKS_ALONE:
            guidance[:, self.plan.classes :] = 0
        return guidance

    def _drawn(self, clicks: list[list[tuple[int, ...]]], proposed: Any, truth: Any) -> Any:
        """The guidance of one patch with one click more."""
        spacing_mm = self.plan.spacing_mm
        click = corrective_click(proposed, truth, spacing_mm)
        if click is not None:
            clicks[click.label].append(click.at)
        drawn = click_channels(clicks, truth.shape, spacing_mm, self.plan.click_sigma_mm)
        return np.concatenate([drawn, current_channels(proposed, len(self.plan.structures))])

    def _proposed(self, image: torch.Tensor, inferer: Any = None) -> Any:
        self.network.eval()
        with torch.no_grad(), self._precision():
            scores = self.network(image) if inferer is None else inferer(image, self.network)
            return scores.argmax(dim=1).cpu().numpy().astype(np.uint8)

    @property
    def _windows(self) -> SlidingWindowInferer:
        return SlidingWindowInferer(self.plan.patch, sw_batch_size=1, overlap=0)


def seconds_a_step(trainer: Trainer, within_s: float, goes_on: Callable[[], None]) -> float:
    """How long a step takes on a machine that does nothing else, by some of a trainer that is then of no use.

    On a CPU the time of the process is divided by its threads: what else runs while the steps are timed, and
    may soon be over, does not make the training shorter.

    Args:
        trainer: The trainer.
        within_s: About how long may be spent on it.
        goes_on: Called before each step; what it raises is passed on.
    """
    on_cpu = trainer.device.type == "cpu"
    clock, threads = (time.process_time, torch.get_num_threads()) if on_cpu else (time.perf_counter, 1)
    first_s = time.perf_counter()
    taken_s: list[float] = []
    while len(taken_s) < LEAST_TIMED or time.perf_counter() - first_s < within_s:
        goes_on()
        began_s = clock()
        trainer.advance()
        taken_s.append((clock() - began_s) / threads)
    return float(np.median(taken_s[len(taken_s) // 2 :]))


def _dice(a: Any, b: Any) -> float:
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0
