"""A daemon that works on and on takes no more memory than at its beginning."""

import signal
from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from soak.driver import resident
from tests.daemon.running import daemon
from tests.system.conftest import serving

WARM, RUNS = 20, 60
MOST = 1024
"""KiB by which the runs between may let it grow; what is never given back comes to more."""


@pytest.mark.parametrize("reloads", [False, True])
def test_memory_is_flat(tmp_path: Path, reloads: bool) -> None:
    env = {"SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.1"}  # a payout waits: it is looked at all the time
    with serving(tmp_path / "place", scenario("gross", days=3)) as (place, _), daemon(place, env=env) as running:
        pid = int(running.event("starting")["pid"])
        for run in range(1, RUNS + 1):
            running.event("waiting", run)
            if run == WARM:
                before = resident(pid)
            if reloads:
                running.send(signal.SIGHUP)
        assert resident(pid) - before < MOST
        assert running.stop() == 0
