"""What a measured process says of itself; apart from the rest, so that it weighs nothing."""

import json
import resource
import time
from collections.abc import Callable
from typing import Final

BIG: Final = "302500"
"""The ledger with one large payout."""
WARM_UP: Final = "302430"
"""A small ledger beside it. What is measured is a process at work, as a daemon is, not one that has just begun."""


def report(work: Callable[[], object]) -> None:
    """Do the work and print what it took, for `measure`. What came before (imports, set-up) does not count."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "cpu": cpu}))
