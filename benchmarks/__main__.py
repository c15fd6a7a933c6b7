"""Every benchmark in one run: `make bench`."""

from itertools import chain as joined

from benchmarks import chain, formats, idle, idle_hour, rendering, sftp_server
from benchmarks.table import show


def main() -> None:
    """Measure one after the other and print a line as each is done."""
    rows = (chain.measure_all(), idle.measure_all(), idle_hour.measure_all(), rendering.measure(), formats.measure())
    show(joined(*rows, sftp_server.measure_all()))


if __name__ == "__main__":
    main()
