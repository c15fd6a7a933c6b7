"""Each format with many rows beside what a user would write in an afternoon, with the memory both take."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import measure as measure_child
from benchmarks.table import Row, show

MODULE = "benchmarks.run_formats"
ROWS = 200_000
SETTLEMENTS = 2_000
"""What a PDF has instead of rows."""
GOALS = {
    "xml 2.0": 1.0,
    "xml.zip": 1.0,
    "csv sections": 2.0,
    "csv table": 2.0,
    "xlsx": 0.5,
    "camt.053": 1.0,
    "pdf": 1.0,
}
"""Most of the naive time that each may take: text rows cost little more than the csv module, all else is faster."""


def measure(rows: int = ROWS) -> Iterator[Row]:
    """Write each format; every figure is of a process of its own, in this one run."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "file")
        for name, goal in GOALS.items():
            size = SETTLEMENTS if name == "pdf" else rows
            theirs = measure_child(MODULE, "naive", name, path, str(size))
            ours = measure_child(MODULE, "ours", name, path, str(size))
            what = f"{name}, {size:,} {'settlements' if name == 'pdf' else 'rows'}"
            yield Row(what, ours.seconds, theirs.seconds, goal, ours.peak, theirs.peak)


if __name__ == "__main__":
    show(measure())
