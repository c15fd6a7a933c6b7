"""Soak the daemon: `make soak`. Exit code 0 where every file came exactly once and right, else 1."""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from soak.driver import Plan, Result, soak


def main() -> int:
    """Soak as the command line says, and say what came of it."""
    plan = _plan()
    print(f"{plan.days} days, {plan.kills} ends, seed {plan.seed}; again with: python -m soak --seed {plan.seed}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        result = soak(Path(folder), plan, _progress)
    _report(result, time.monotonic() - began)
    return 1 if result.violations else 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the dice; printed, to replay")
    parser.add_argument("--days", type=int, default=20, help="days of made-up books")
    parser.add_argument("--kills", type=int, default=100, help="how often the daemon is ended")
    parser.add_argument("--no-faults", action="store_true", help="let the Report API answer as it should")
    given = parser.parse_args()
    return Plan(given.seed, given.days, given.kills, not given.no_faults)


def _progress(said: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{said} ", end="", file=sys.stderr, flush=True)


def _report(result: Result, seconds: float) -> None:
    endings = ", ".join(f"{number} {how}" for how, number in sorted(result.endings.items()))
    print(f"{seconds:.0f} s; {endings}; {result.files} files, {result.taken} taken by the importer")
    if result.memory:
        print(f"resident: {min(result.memory) // 1024} to {max(result.memory) // 1024} MiB over {result.runs} runs")
    for violation in result.violations:
        print(f"WRONG  {violation}")


if __name__ == "__main__":
    sys.exit(main())
