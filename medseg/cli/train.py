"""``medseg train``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medseg.cli.interruption import stoppable
from medseg.cli.passphrase import passphrase_options
from medseg.cli.progress import progress_bar
from medseg.cli.study.options import Credentials

if TYPE_CHECKING:
    from medseg.workflows.study import SignedIn, Study
    from medseg.workflows.train import Report


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The bundle: a new folder.")
@click.option(
    "--structure",
    "structures",
    multiple=True,
    metavar="NAME",
    help="A structure to learn, by name; repeatable. Default: all that every case has.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(min=0),
    metavar="N",
    help="How many cases are only measured on; below 1, which share. Default: those for validation, or 0.2.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="About how long, by the clock. Default: 60.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="How often each case is seen, instead of minutes.")
@click.option(
    "--network",
    type=click.Choice(["auto", "segresnet", "dynunet"]),
    default="auto",
    show_default=True,
    help="auto: what suits the data.",
)
@click.option("--deepedit", is_flag=True, help="The network takes clicks and the current structures, too.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all randomness.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto (a CUDA device where there is one), cpu, cuda, or cuda:1 and so on.",
)
@click.option("--modality", default="", help="What the images are. Default: as SOURCE says.")
@click.option("--name", default="", help="What the bundle is called. Default: as its folder.")
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="The trust folder to verify by. Default: that of SOURCE.",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint of a training that was stopped.")
@click.option("--key", type=click.Path(path_type=Path), help="Your key file; needed where SOURCE is a study.")
@passphrase_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(source: Path, *, out: Path, as_json: bool, **given: Any) -> None:
    """Train a network on approved cases, as a MONAI bundle.

    SOURCE is a study, whose approved cases are exported for it, or a training set that `medseg export
    dataset` wrote. Each case is verified before it is learned from. Ctrl-C leaves a checkpoint for --resume.
    """
    credentials = Credentials(*(given.pop(name) for name in ("key", "passphrase_file", "passphrase_fd")))
    study, who = _signed_in(source, credentials)
    with stoppable("--resume goes on from the last checkpoint") as stop, progress_bar() as draw:
        from medseg.workflows.train import train as train_bundle

        def progress(task: str, done: int, total: int) -> None:
            stop.check()
            draw(task, done, total)

        trained = train_bundle(study or source, out, who=who, progress=progress, watch=_print_report, **given)
    for left in trained.card["left_out"]:
        click.echo(f"left out ({left['reason']}): {left['case']}", err=True)
    for remark in trained.card["remarks"]:
        click.echo(remark, err=True)
    if as_json:
        click.echo(json.dumps(trained.as_dict(), indent=1))
        return
    measured = ", ".join(f"{name} {value:.3f}" for name, value in trained.mean_dice.items())
    held_out = len(trained.card["held_out"])
    told = f"mean Dice on {held_out} held-out cases: {measured}" if held_out else "no case was held out"
    click.echo(f"{out}: {len(trained.card['learned_from'])} cases learned from; {told}")


def _signed_in(source: Path, credentials: Credentials) -> tuple[Study, SignedIn] | tuple[None, None]:
    """The study and who exports from it; neither where the source is no study."""
    if not (source / "study.json").is_file():
        return None, None
    if credentials.key is None:
        raise click.UsageError("SOURCE is a study: say with --key who exports its cases.")
    from medseg.workflows.study import open_study

    study = open_study(source)
    click.get_current_context().call_on_close(study.close)
    return study, credentials.sign_in(study)


def _print_report(report: Report) -> None:
    """One line on standard error, on a terminal and in a job's log alike."""
    dice = "".join(f", {name} {value:.2f}" for name, value in report.dice.items())
    done = f"step {report.step} of {report.steps}, epoch {report.epoch}"
    click.echo(f"{done}: loss {report.loss:.3f}{dice and f'; Dice about{dice[1:]}'}", err=True)
