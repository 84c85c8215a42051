"""What checkpoints know of statements that are no longer there."""

from __future__ import annotations

from collections.abc import Iterator

from medseg.provenance.content import Content
from medseg.review.chain import Chain
from medseg.review.checkpoint import Checkpoints
from medseg.review.states import Meaning


def missing_statements(chain: Chain, content: Content | None, checkpoints: Checkpoints) -> tuple[str, ...]:
    """Tell what was cut off a bundle, or taken out of it and replaced; nothing where nothing is known.

    A shorter chain is a sound chain, and so is one that somebody with a good key continued after a cut. Only
    who was there before, and signed that, can tell: a checkpoint.

    Args:
        chain: The bundle, replayed.
        content: What the label map holds; None where it can't be read.
        checkpoints: Which statements were there by when.
    """
    if chain.problems or not checkpoints.all:
        return ()
    if chain.latest is None:
        return tuple(_all_removed(content, checkpoints))
    return (*_replaced(chain, checkpoints), *_cut_off(chain, chain.latest.content, checkpoints))


def _all_removed(content: Content | None, checkpoints: Checkpoints) -> Iterator[str]:
    if content is None:
        return
    digest = content.digest()
    gone = sum(mark.content == digest for checkpoint in checkpoints.all for mark in checkpoint.statements)
    if gone:
        yield f"its statements were removed: checkpoints name {gone} of this content"


def _cut_off(chain: Chain, signed: Content, checkpoints: Checkpoints) -> Iterator[str]:
    mark = checkpoints.missing_after(chain.last_line, signed.digest())
    if mark is not None:
        yield f"its last statements were cut off: a checkpoint names one that means {mark.meaning}"


def _replaced(chain: Chain, checkpoints: Checkpoints) -> Iterator[str]:
    """Statements that stand where a checkpoint names another one.

    The first statement is left out: two label maps may be alike to the last bit, such as two empty ones, and
    each has its own. An amendment is left out as well: it opens a new line of work beside what goes on with
    the old revision.
    """
    for number, (before, step) in enumerate(zip(chain.steps, chain.steps[1:], strict=False), start=2):
        if step.statement.meaning is Meaning.AMENDED or checkpoints.has(step.sha256):
            continue
        mark = checkpoints.missing_after(before.sha256, step.statement.content.digest())
        if mark is not None:
            yield (
                f"statement {number} took the place of another one: a checkpoint names one that means "
                f"{mark.meaning}"
            )
