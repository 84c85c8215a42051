"""``medseg keys``: keys, person cards and the trust folder."""

from __future__ import annotations

import click

from medseg.cli.keys.create import create, passphrase
from medseg.cli.keys.propose import propose
from medseg.cli.keys.sign_proposal import apply, endorse
from medseg.cli.keys.trust import show, trust


@click.group()
def keys() -> None:
    """Make keys for people, and the trust folder that says who may sign.

    A change of the trust folder is proposed by one person, endorsed by others, each with their own key on
    their own machine, and applied when all who must have signed.
    """


for _command in (create, passphrase, trust, show, propose, endorse, apply):
    keys.add_command(_command)
