"""Every benchmark in one run: `make bench`."""

from itertools import chain as joined

from benchmarks import chain, formats, idle, rendering
from benchmarks.table import show


def main() -> None:
    """Measure one after the other and print a line as each is done."""
    show(joined(chain.measure_all(), idle.measure_all(), rendering.measure(), formats.measure()))


if __name__ == "__main__":
    main()
