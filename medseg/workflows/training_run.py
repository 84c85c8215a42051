"""One training: a plan fitted to the cases, steps, a checkpoint now and then, and a bundle at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg._version import __version__
from medseg.assist.bundle.guidance import GuidanceForm
from medseg.errors import Cancelled, InputError, UnreadableFileError
from medseg.io.atomic import whole_file
from medseg.io.datalist import write_json
from medseg.io.model_card import write_model_card
from medseg.io.training_folder import TrainingFolder
from medseg.measurement import dice
from medseg.progress import Progress
from medseg.workflows.training_set import TrainingSet, chosen_to_hold_out

if TYPE_CHECKING:
    from medseg.assist.training.plan import Plan
    from medseg.assist.training.preparing import PreparedCase
    from medseg.assist.training.trainer import Device, Trainer

DEFAULT_MINUTES = 60.0

CHECKPOINT_S = 60.0
"""So much work is lost at most when the process is killed."""

REPORTS = 20
"""How often a training tells of itself."""

SHARE_OF_STEPS = 0.9
"""Of the minutes: the rest is for measuring on the way."""

SHARE_FOR_TIMING, MOST_TIMING_S = 0.05, 30.0
"""Of the minutes, and in seconds: to find out how long a step takes."""

CLICKS = 3
"""After so many clicks the held-out cases are measured, where a network takes clicks."""

BUNDLE_VERSION = "0.1.0"


@dataclass(frozen=True)
class Report:
    """How a training stands.

    Attributes:
        step: Steps done.
        steps: Of how many.
        epoch: How often each case was seen, about.
        loss: Mean loss since the last report.
        dice: By structure, mean Dice on some of the held-out cases, roughly measured; empty without any, and
            where measuring would take too much of the time.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    dice: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """A bundle that was trained.

    Attributes:
        folder: The bundle.
        card: Its model card.
    """

    folder: Path
    card: dict[str, Any]

    @property
    def mean_dice(self) -> dict[str, float]:
        """By structure, the mean Dice on the held-out cases, without clicks; empty without any."""
        cases = self.card["held_out"]
        names = self.card["plan"]["structures"] if cases else ()
        return {name: sum(case["dice"][0][name] for case in cases) / len(cases) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        return {"bundle": str(self.folder), "mean_dice": self.mean_dice, **self.card}


@dataclass(frozen=True)
class TrainOptions:
    """What is trained, and how; see :func:`train`."""

    structures: tuple[str, ...] = ()
    held_out: float | None = None
    minutes: float | None = None
    epochs: int | None = None
    network: str = "auto"
    deepedit: bool = False
    seed: int = 0
    device: str = "auto"
    modality: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if self.minutes is not None and self.epochs is not None:
            raise InputError("expected minutes or epochs, got both", reason="budget")
        if (self.minutes is not None and not self.minutes > 0) or (
            self.epochs is not None and self.epochs < 1
        ):
            raise InputError(
                f"expected more than no time, got {self.minutes or self.epochs or 0:g}", reason="budget"
            )


@dataclass(frozen=True)
class Training:
    """A training with all that it needs.

    Attributes:
        found: The cases, verified.
        folder: Where the bundle is made.
        options: What is trained, and how.
        progress: Called before each step.
        watch: Told now and then how it stands.
    """

    found: TrainingSet
    folder: TrainingFolder
    options: TrainOptions
    progress: Progress
    watch: Callable[[Report], None]

    def run(self, scratch: Path) -> Trained:
        """Train, and finish the bundle; what is prepared of the cases lies in ``scratch`` meanwhile."""
        from medseg.assist.bundle.worker import device_for
        from medseg.assist.training.patches import Patches
        from medseg.assist.training.trainer import Trainer

        began_s, began_at = time.monotonic(), _now()
        device = device_for(self.options.device)
        plan = self._plan(device)
        cases = self._prepared(plan, scratch)
        patches = Patches([cases[name] for name in plan.learned_from], plan)
        if not plan.steps:
            plan = replace(plan, steps=self._steps_within(plan, patches, device, began_s))
            self.folder.write_plan(plan.as_dict())
        trainer = Trainer(plan, patches, device)
        self._load_checkpoint(trainer)
        self._train(trainer, [cases[name] for name in plan.held_out])
        times = {
            "begun_at": began_at,
            "ended_at": _now(),
            "minutes": round((time.monotonic() - began_s) / 60, 2),
            "device": device.type,
            "weights": trainer.weights,
        }
        return self._finished(trainer, device, times)

    def _plan(self, device: Device) -> Plan:
        """The plan, fitted to the data; its steps are those that an earlier call began with, or open (0)."""
        from medseg.assist.training.patches import may_be_mirrored
        from medseg.assist.training.plan import Plan, Size, fitted
        from medseg.assist.training.preparing import fingerprint

        options, found = self.options, self.found
        held_out = chosen_to_hold_out(found.cases, options.held_out)
        learned_from = tuple(case.id for case in found.cases if case.id not in held_out)
        fingerprints = []
        for number, case in enumerate(found.cases):
            if case.id in learned_from:
                self.progress("looking at the data", number, len(found.cases))
                fingerprints.append(fingerprint(*found.read(case)))
        if not any(one.values.size for one in fingerprints):
            raise InputError(
                f"no voxel of the cases belongs to {' or '.join(found.structures)}", reason="nothing-labelled"
            )
        classes = len(found.structures) + 1
        guidance = GuidanceForm(classes - 1, 1.0).channels if options.deepedit else 0
        fit = fitted(
            fingerprints,
            found.modality,
            Size.LARGE if device.type == "cuda" else Size.SMALL,
            network=options.network,
            channels=1 + guidance,
            classes=classes,
        )
        plan = Plan(
            structures=found.structures,
            modality=found.modality,
            guided=options.deepedit,
            mirrored=may_be_mirrored(found.structures),
            steps=0,
            seed=options.seed,
            learned_from=learned_from,
            held_out=held_out,
            data_sha256={case.id: case.data_sha256 for case in found.cases},
            **fit,
        )
        return self._with_steps(plan)

    def _with_steps(self, plan: Plan) -> Plan:
        earlier = self.folder.earlier_plan()
        steps = 0 if self.options.epochs is None else self.options.epochs * plan.epoch_steps
        if earlier is None:
            return replace(plan, steps=steps)
        begun = earlier.get("steps")
        plan = replace(plan, steps=begun if isinstance(begun, int) and begun > 0 else 0)
        differs = sorted(key for key, value in as_json(plan.as_dict()).items() if earlier.get(key) != value)
        if differs or steps not in (0, plan.steps):
            raise InputError(
                f"{self.folder.path.name} was begun with another plan, which differs in "
                f"{', '.join(differs or ['steps'])}",
                hint="go on with the same cases and options, or name another folder",
                reason="another-plan",
                differs=differs,
            )
        return plan

    def _prepared(self, plan: Plan, scratch: Path) -> dict[str, PreparedCase]:
        from medseg.assist.training.preparing import Preparer

        preparer, cases = Preparer(plan), {}
        for number, case in enumerate(self.found.cases):
            self.progress("preparing", number, len(self.found.cases))
            cases[case.id] = preparer.prepare(*self.found.read(case), scratch, f"{number:05d}")
        return cases

    def _steps_within(self, plan: Plan, patches: Any, device: Device, began_s: float) -> int:
        """How many steps the minutes bear, by the time that some take: told once, and kept in the plan."""
        from medseg.assist.training.trainer import Trainer, seconds_a_step

        if plan.steps:
            return plan.steps
        all_s = 60 * (DEFAULT_MINUTES if self.options.minutes is None else self.options.minutes)
        step_s = seconds_a_step(
            Trainer(replace(plan, steps=1), patches, device),
            min(SHARE_FOR_TIMING * all_s, MOST_TIMING_S),
            lambda: self.progress("timing a step", 0, 1),
        )
        left_s = all_s - (time.monotonic() - began_s)
        return max(1, int(SHARE_OF_STEPS * left_s / step_s))

    def _load_checkpoint(self, trainer: Trainer) -> None:
        if not self.folder.plan.exists():
            self.folder.write_plan(trainer.plan.as_dict())
        if not self.folder.checkpoint.exists():
            return
        try:
            trainer.load(self.folder.checkpoint)
        except Exception as error:
            raise UnreadableFileError(
                f"the checkpoint is damaged, or of another network: {type(error).__name__}",
                hint="name another folder to train anew",
                reason="checkpoint-damaged",
            ) from error

    def _train(self, trainer: Trainer, held_out: list[PreparedCase]) -> None:
        from medseg.assist.training.log import Log

        steps = trainer.plan.steps
        every = max(1, steps // REPORTS)
        losses: list[float] = []
        began_s = saved_s = time.monotonic()
        measured_s = 0.0
        with Log(self.folder.log, trainer.step) as log:
            try:
                while not trainer.is_done:
                    self.progress("training", trainer.step, steps)
                    rate = trainer.learning_rate
                    losses.append(trainer.advance())
                    log.add(trainer.step, {"loss": losses[-1], "learning_rate": rate})
                    if trainer.step % every == 0 or trainer.is_done:
                        now_s = time.monotonic()
                        spared = measured_s > (1 - SHARE_OF_STEPS) * (now_s - began_s) and not trainer.is_done
                        report = self._report(trainer, losses, [] if spared else held_out)
                        measured_s += time.monotonic() - now_s
                        log.add(trainer.step, {f"dice/{name}": value for name, value in report.dice.items()})
                        losses.clear()
                    if time.monotonic() - saved_s > CHECKPOINT_S:
                        self._save(trainer)
                        saved_s = time.monotonic()
            except Cancelled:
                self._save(trainer)
                raise
        self._save(trainer)

    def _report(self, trainer: Trainer, losses: list[float], held_out: list[PreparedCase]) -> Report:
        report = Report(
            trainer.step,
            trainer.plan.steps,
            -(-trainer.step // trainer.plan.epoch_steps),
            sum(losses) / len(losses),
            trainer.rough_dice(held_out),
        )
        self.watch(report)
        return report

    def _save(self, trainer: Trainer) -> None:
        with whole_file(self.folder.checkpoint, overwrite=True) as temporary:
            trainer.save(temporary)

    def _finished(self, trainer: Trainer, device: Device, times: dict[str, Any]) -> Trained:
        from medseg.assist.training import configs
        from medseg.assist.training.measuring import TrainedBundle

        plan = trainer.plan
        name = self.options.name or self.folder.path.absolute().name
        description = f"Trained by medseg on {len(plan.learned_from)} approved cases"
        with self.folder.finishing() as made:
            trainer.save_weights(made / "models" / "model.pt")
            write_json(
                made / "configs" / "inference.json",
                configs.inference(plan, mixed_precision=device.type == "cuda"),
            )
            written = configs.metadata(
                plan, name=name, bundle_version=BUNDLE_VERSION, description=description
            )
            write_json(made / "configs" / "metadata.json", written)
            bundle = TrainedBundle(made, device)
            card = {
                "name": name,
                "version": BUNDLE_VERSION,
                "description": description,
                "plan": as_json(plan.as_dict()),
                "held_out": self._measured(bundle, plan),
                "remarks": _remarks(plan),
                "left_out": list(self.found.left_out),
                "learned_from": [case.as_dict() for case in self.found.cases if case.id in plan.learned_from],
                "roster_sha256": self.found.roster_sha256,
                "training": times,
                "files": bundle.sha256,
                "software": {"medseg": __version__, **{each: version(each) for each in ("monai", "torch")}},
            }
            write_model_card(made / "docs", card)
        return Trained(self.folder.path, card)

    def _measured(self, bundle: Any, plan: Plan) -> list[dict[str, Any]]:
        """Dice of each held-out case, by structure; one for each number of clicks, from 0."""
        measured = []
        cases = [case for case in self.found.cases if case.id in plan.held_out]
        for number, case in enumerate(cases):
            self.progress("measuring", number, len(cases))
            volume, truth = self.found.read(case)
            found = bundle.corrected(volume, truth, CLICKS if plan.guided else 0)
            each = [
                {name: round(dice(labels == n, truth == n), 4) for n, name in enumerate(plan.structures, 1)}
                for labels in found
            ]
            measured.append(case.as_dict() | {"dice": each})
        return measured


def _remarks(plan: Plan) -> list[str]:
    """What who uses the bundle should know, one sentence each."""
    remarks = []
    if not plan.modality:
        remarks.append("Nobody said what the images are: their values were scaled image by image.")
    if not plan.held_out:
        remarks.append("No case was held out: how good it is was not measured.")
    return remarks


def as_json(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists there."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
