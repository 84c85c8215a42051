"""``medseg study``: cases, their readers, and the sign-off of each."""

from __future__ import annotations

import click

from medseg.cli.lazy_group import LazyGroup

COMMANDS = {
    "add": "medseg.cli.study.add:add",
    "adjudicate": "medseg.cli.study.one_step:adjudicate",
    "amend": "medseg.cli.study.one_step:amend",
    "approve": "medseg.cli.study.steps:approve",
    "assign": "medseg.cli.study.assign:assign",
    "audit": "medseg.cli.study.audit:audit",
    "check": "medseg.cli.study.check:check",
    "checkout": "medseg.cli.study.working_copy:checkout",
    "checkpoint": "medseg.cli.study.checkpoint:checkpoint",
    "comment": "medseg.cli.study.comment:comment",
    "compare": "medseg.cli.study.compare:compare",
    "due": "medseg.cli.study.assign:due",
    "init": "medseg.cli.study.init:init",
    "list": "medseg.cli.study.worklist:list_",
    "migrate": "medseg.cli.study.init:migrate",
    "rank": "medseg.cli.study.rank:rank",
    "receive": "medseg.cli.study.one_step:receive",
    "release": "medseg.cli.study.steps:release",
    "request-changes": "medseg.cli.study.steps:request_changes",
    "save": "medseg.cli.study.working_copy:save",
    "show": "medseg.cli.study.show:show",
    "submit": "medseg.cli.study.steps:submit",
    "view": "medseg.cli.study.working_copy:view",
    "withdraw": "medseg.cli.study.steps:withdraw",
}
"""Each command and where it lives."""


@click.group(cls=LazyGroup, where=COMMANDS)
def study() -> None:
    """Take cases from the first contour to their release, and prove it later.

    A study is a folder. Every command finds it by --study, or from the current folder upwards. Whoever acts
    names their key file with --key.
    """
