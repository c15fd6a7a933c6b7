"""A sync of 1,000 ledgers with nothing new, beside a bare loop of the same requests at the same width."""

import tempfile
from collections.abc import Iterator

from benchmarks.children import measure, sandbox
from benchmarks.table import Row, show

LEDGERS = 1_000
GOAL = 1.5


def measure_all() -> Iterator[Row]:
    """Yield the one row."""
    with sandbox("ten-thousand-small", ledgers=LEDGERS) as (url, keys), tempfile.TemporaryDirectory() as folder:
        arguments = (url, keys.client_id, keys.client_secret, keys.subscription_key, folder)
        measure("benchmarks.run_bridge", *arguments)
        bare = measure("benchmarks.run_bare", *arguments)
        idle = measure("benchmarks.run_bridge", *arguments)
    yield Row(f"sync of {LEDGERS:,} ledgers, nothing new", idle.seconds, bare.seconds, GOAL, idle.peak, bare.peak)


if __name__ == "__main__":
    show(measure_all())
