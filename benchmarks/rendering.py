"""Rendering beside bare string formatting, and validation in pieces beside one reading of the whole."""

import tempfile
from pathlib import Path

from benchmarks.children import measure as measure_child
from benchmarks.table import Row, show

MODULE = "benchmarks.run_rendering"
ROWS = 1_000_000


def measure(rows: int = ROWS) -> list[Row]:
    """Write and validate a file of `rows` transactions; every figure is of a process of its own, in this one run."""
    with tempfile.TemporaryDirectory() as folder:
        path, bare = (str(Path(folder) / name) for name in ("rendered.xml", "bare.xml"))
        theirs = measure_child(MODULE, "format", bare, str(rows))
        ours = measure_child(MODULE, "render", path, str(rows))
        if abs(Path(path).stat().st_size - Path(bare).stat().st_size) > 4_000:
            raise RuntimeError("the two did not write the same rows")
        whole = measure_child(MODULE, "whole", path, "0")
        pieces = measure_child(MODULE, "check", path, "0")
    return [
        Row(f"render {rows:,} rows beside f-strings", ours.seconds, theirs.seconds, 2.5, ours.peak, theirs.peak),
        Row(
            f"validate {rows:,} rows beside one reading", pieces.seconds, whole.seconds, 1 / 3, pieces.peak, whole.peak
        ),
    ]


if __name__ == "__main__":
    show(measure())
