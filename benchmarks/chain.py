"""The whole chain: JSON pages to a published file, with mirror, checks and validation, beside the naive script."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from benchmarks.children import measure, sandbox
from benchmarks.table import Row, show
from settlement_bridge.store import open_store

MEMORY_GOAL = 120.0
SIZES = ((1_000, 1.5), (100_000, 1.0), (1_000_000, 0.6))


def measure_all(sizes: Sequence[tuple[int, float]] = SIZES) -> Iterator[Row]:
    """Yield a row for each number of transactions in one payout."""
    for transactions, goal in sizes:
        with sandbox("big-merchant", transactions=transactions) as (url, keys), tempfile.TemporaryDirectory() as folder:
            arguments = (url, keys.client_id, keys.client_secret, keys.subscription_key)
            naive = measure("benchmarks.run_naive", *arguments, folder)
            # Its tables are made once in its life, not at every start.
            open_store(f"sqlite:///{folder}/state.db").close()
            ours = measure("benchmarks.run_bridge", *arguments, folder)
            _must_agree(Path(folder))
        what = f"pages to published file, {transactions:,} transactions"
        yield Row(what, ours.seconds, naive.seconds, goal, ours.peak, naive.peak, MEMORY_GOAL)


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
    show(measure_all([each for each in SIZES if not sys.argv[1:] or str(each[0]) in sys.argv[1:]]))
