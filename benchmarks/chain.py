"""The whole chain: JSON pages to a published file, with mirror, checks and validation, beside the naive script."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import measure, sandbox
from benchmarks.table import Row, show

SIZES = ((1_000, 1.5), (100_000, 1.0), (1_000_000, 0.6))


def measure_all(sizes: tuple[tuple[int, float], ...] = SIZES) -> Iterator[Row]:
    """Yield a row for each number of transactions in one payout."""
    for transactions, goal in sizes:
        with sandbox("big-merchant", transactions=transactions) as (url, keys), tempfile.TemporaryDirectory() as folder:
            arguments = (url, keys.client_id, keys.client_secret, keys.subscription_key)
            naive = measure("benchmarks.run_naive", *arguments, folder)
            ours = measure("benchmarks.run_bridge", *arguments, folder)
            _must_exist(Path(folder))
        what = f"pages to published file, {transactions:,} transactions"
        yield Row(what, ours.seconds, naive.seconds, goal, ours.peak, naive.peak)


def _must_exist(folder: Path) -> None:
    if not list(folder.glob("settlements/inbox/xml/*/*/*.xml")):
        sys.exit("the bridge published nothing")


if __name__ == "__main__":
    show(measure_all(SIZES[: int(sys.argv[1])] if len(sys.argv) > 1 else SIZES))
