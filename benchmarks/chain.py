"""The whole chain: JSON pages to a published file, with mirror, checks and validation, beside the naive script."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from benchmarks.children import Measured, measure, sandbox
from benchmarks.table import Row, show
from settlement_bridge.sandbox import Keys
from settlement_bridge.store import open_store

MEMORY_GOAL = 120.0


@dataclass(frozen=True)
class Size:
    """How many transactions one payout has, the largest good ratio, and how often that is measured: the best counts."""

    transactions: int
    goal: float
    rounds: int = 1


SIZES = (Size(1_000, 1.5, rounds=5), Size(100_000, 1.0), Size(1_000_000, 0.6))


def measure_all(sizes: Iterable[Size] = SIZES) -> Iterator[Row]:
    """Yield a row for each number of transactions in one payout."""
    for size in sizes:
        with sandbox("big-merchant", transactions=size.transactions) as (url, keys):
            rounds = [_round(url, keys) for _ in range(size.rounds)]
        ours, naive = (min(some, key=lambda one: one.seconds) for some in zip(*rounds, strict=True))
        what = f"pages to published file, {size.transactions:,} transactions"
        yield Row(what, ours.seconds, naive.seconds, size.goal, ours.peak, naive.peak, MEMORY_GOAL)


def _round(url: str, keys: Keys) -> tuple[Measured, Measured]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = (url, keys.client_id, keys.client_secret, keys.subscription_key, folder)
        naive = measure("benchmarks.run_naive", *arguments)
        # Its tables are made once in its life, not at every start.
        open_store(f"sqlite:///{folder}/state.db").close()
        ours = measure("benchmarks.run_bridge", *arguments)
        _must_agree(Path(folder))
    return ours, naive


def _must_agree(folder: Path) -> None:
    """Let nobody win by leaving something out: both files have the same values in the same places."""
    (ours,) = folder.glob("settlements/inbox/xml/*/500001/*.xml")
    theirs = folder / ours.name
    for mine, other in zip(_values(ours), _values(theirs), strict=True):
        if mine != other and mine[0] != "TransactionTime":  # the old files drop a fraction's trailing zeros
            sys.exit(f"{ours} says {mine}, {theirs} says {other}")


def _values(path: Path) -> Iterator[tuple[str, str]]:
    for _, element in etree.iterparse(path):
        yield etree.QName(element).localname, (element.text or "").strip()
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


if __name__ == "__main__":
    show(measure_all(size for size in SIZES if not sys.argv[1:] or str(size.transactions) in sys.argv[1:]))
