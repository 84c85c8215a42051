"""The entry point: finds commands by name and turns errors into one line and an exit code."""

from __future__ import annotations

import errno
import json
import os
import sys

import click

from medseg._version import __version__
from medseg.cli.lazy_group import LazyGroup
from medseg.errors import Cancelled, InputError, MedsegError, OutputError

COMMANDS = {
    "compare": "medseg.cli.compare:compare",
    "convert": "medseg.cli.convert:convert",
    "demo": "medseg.cli.demo:demo",
    "export": "medseg.cli.export:export",
    "export dataset": "medseg.cli.export_dataset:export_dataset",
    "follow-up": "medseg.cli.follow_up:follow_up",
    "history": "medseg.cli.history:history",
    "import": "medseg.cli.import_:import_",
    "inspect": "medseg.cli.inspect:inspect",
    "interpolate": "medseg.cli.interpolate:interpolate",
    "keys": "medseg.cli.keys:keys",
    "measure": "medseg.cli.measure:measure",
    "open": "medseg.cli.open:open_case",
    "predict": "medseg.cli.predict:predict",
    "propose": "medseg.cli.propose:propose",
    "report": "medseg.cli.report:report",
    "sample-data": "medseg.cli.sample_data:sample_data",
    "sign": "medseg.cli.sign:sign",
    "study": "medseg.cli.study:study",
    "train": "medseg.cli.train:train",
    "verify": "medseg.cli.verify:verify",
}
"""Each command and where it lives; a module is imported only when its command is called."""


_AS_JSON = "medseg.as_json"


class MainGroup(LazyGroup):
    """All commands, and what becomes of their errors."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember whether the answer is to be JSON: errors are, then, too."""
        ctx.meta[_AS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name, or by two words that are one name."""
        two = " ".join(args[:2])
        if two in COMMANDS:
            return two, self.get_command(ctx, two), args[2:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error that medseg raised on purpose becomes one line and its exit code."""
        try:
            return super().invoke(ctx)
        except MedsegError as error:
            _report(error, as_json=ctx.meta[_AS_JSON])
            ctx.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            # Ctrl-C anywhere, or no answer to a question.
            stopped = Cancelled("stopped", reason="cancelled")
            _report(stopped, as_json=ctx.meta[_AS_JSON])
            ctx.exit(stopped.exit_code)
        except BrokenPipeError:
            # Whoever read the answer has seen enough. What is left of it shall not complain at the exit.
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - it stays open to the end
            ctx.exit(1)
        except OSError as error:
            # The last resort: what nobody expected of the file system is still one line.
            unexpected = _as_medseg_error(error)
            _report(unexpected, as_json=False)
            ctx.exit(unexpected.exit_code)


@click.group(cls=MainGroup, where=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="medseg")
def main() -> None:
    """Contour a tumour or an organ, complete it in 3-D, sign it off, prove it later.

    Not a medical device. Progress and messages go to standard error, results to standard output.
    """


def _as_medseg_error(error: OSError) -> MedsegError:
    reason = f"{error.strerror or error}"
    where = f": {str(error.filename)[:200]}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
        return OutputError(f"could not write{where}: {reason}", hint="check the disk")
    return InputError(f"{reason}{where}", hint="check the path and its permissions")


def _report(error: MedsegError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(error.as_dict(), default=str))
    hint = f" ({error.hint})" if error.hint else ""
    message = " ".join(f"{error.message}{hint}".split())
    click.echo(f"medseg: error: {message}", err=True)


if __name__ == "__main__":
    main()
