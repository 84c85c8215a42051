"""The file of a proposed change of the roster, which travels from one signer to the next."""

from __future__ import annotations

from pathlib import Path

from medseg.errors import SidecarError
from medseg.io.atomic import write_whole
from medseg.io.bounded_file import read_bounded
from medseg.review.proposal import Proposal, read_proposal

MAX_PROPOSAL_BYTES = 1 << 16
"""A change takes about 1 kB, and each signature 150 bytes more."""


def read_proposal_file(path: Path) -> tuple[bytes, Proposal]:
    """Read a proposal: its bytes as they go into ``changes.jsonl``, and what they say.

    Raises:
        SidecarError: It is missing or damaged.
        ReviewError: A field says what can't be.
    """
    data = read_bounded(path, MAX_PROPOSAL_BYTES, SidecarError).removesuffix(b"\n")
    return data, read_proposal(data)


def write_proposal_file(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write a proposal.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    write_whole(path, data + b"\n", overwrite=overwrite)
