"""Sign what the ledger and the sign-off hold now, to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path

from medseg.io.atomic import write_whole
from medseg.io.trust_folder import append_checkpoint
from medseg.review.checkpoint import Checkpoint, StatementMark, next_checkpoint, seal_checkpoint
from medseg.review.statement import open_statement
from medseg.review.states import Meaning
from medseg.study.ledger import LedgerAction
from medseg.study.records import StoredStatement
from medseg.workflows.study.acting import acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn


def make_checkpoint(study: Study, who: SignedIn, *, copy_to: Path | None = None) -> Checkpoint:
    """Sign the head of the ledger, the roster and every statement that no checkpoint names yet.

    Anybody who holds a role may. The checkpoint is appended to ``checkpoints.jsonl`` in the trust folder; a
    copy that lies elsewhere finds a study that was rewritten as a whole.

    It is about what was there before, and stays true where the program dies before the ledger tells of it.

    Args:
        study: The study.
        who: Who signs.
        copy_to: A file to write all checkpoints to, this one included; it is written over.

    Raises:
        SessionEndedError: Too long since the last signature.
        OutputError: It can't be written.
    """
    with acting(study, who, None, "make a checkpoint") as act:
        head = act.t.head()
        assert head is not None  # noqa: S101 - a study begins with an entry
        checkpoint = next_checkpoint(
            act.trust.checkpoints,
            act.trust.roster,
            study=study.id,
            size=head.number,
            head=head.sha256,
            person_id=act.person.id,
            statements=[_mark(statement) for statement in act.t.statements()],
            at=act.at,
        )
        line = seal_checkpoint(checkpoint, who.key(act.at))
        details = {
            "size": checkpoint.size,
            "head": checkpoint.head,
            "statements": len(checkpoint.statements),
        }
        act.log(LedgerAction.CHECKPOINTED, details=details)
        append_checkpoint(study.folder.trust, line)
    if copy_to is not None:
        write_whole(copy_to, (study.folder.trust / "checkpoints.jsonl").read_bytes(), overwrite=True)
    return checkpoint


def _mark(stored: StoredStatement) -> StatementMark:
    statement, _ = open_statement(stored.line, f"statement {stored.sha256[:12]}")
    return StatementMark(stored.sha256, statement.previous, stored.digest, Meaning(stored.meaning))
