"""Fault 11: the machine's clock a day off, in either direction; the files take their dates from the API alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import TIMEOUT, environment
from tests.system.conftest import WORLD, files, serving

OFF = """
import datetime, sys
from freezegun import freeze_time
from settlement_bridge.cli import main
there = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=float(sys.argv.pop(1)))
with freeze_time(there, tick=True, ignore=["_pytest"]):
    main()
"""


def run_with_clock(hours: float, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process whose clock is off by some hours."""
    line = [sys.executable, "-c", OFF, str(hours), *map(str, arguments)]
    return subprocess.run(
        line, check=False, capture_output=True, text=True, encoding="utf-8", env=environment(), timeout=TIMEOUT
    )


@pytest.mark.parametrize("hours", [-26, 26])
def test_a_clock_a_day_off_changes_no_file(tmp_path: Path, expected: dict[str, bytes], hours: int) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        check = run_with_clock(hours, "--config", place.config, "check")
        assert check.returncode == 75, check.stderr
        where = "ahead of" if hours > 0 else "behind"
        assert re.search(
            rf"^WRONG  clock: this machine is 1 day, [12]:\d\d:\d\d {where} the", check.stdout, re.MULTILINE
        )

        done = run_with_clock(hours, "--config", place.config, "sync")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert files(place) == expected

        assert place.run("sync").code == 0  # with the clock set right again
        assert files(place) == expected
