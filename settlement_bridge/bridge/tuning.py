"""How the interpreter is set up for a process whose work is millions of short-lived, plain values."""

import gc
import sys


def tune_interpreter() -> None:
    """Spare the process work that gains it nothing; for programs that have loaded what they need.

    Entries and rows are tuples of plain values, which never form cycles: looking for cycles among them costs a
    tenth of a large sync. A thread that waits for the network gets its turn sooner beside one that computes.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(0.001)
