"""A daemon from its start to its end."""

import signal
import time
from pathlib import Path

from tests.daemon.running import daemon
from tests.system.conftest import WORLD, files, serving


def test_it_syncs_at_once_and_ends_in_order(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        finished = running.event("run_finished")
        assert (finished["exit_code"], finished["delivered"]) == (0, len(expected))
        waiting = running.event("waiting")
        assert files(place) == expected
        status = place.run("status", "--json").json
        assert status["last_run"]["exit_code"] == 0
        assert status["next_run"][:19] == waiting["next_run"][:19]
        assert status["worker"] is None
        assert running.stop() == 0
        assert [line for line in running.told if not line.startswith("STATUS=")] == ["READY=1", "STOPPING=1"]
        assert any(line.startswith("STATUS=next run ") for line in running.told)
        assert place.run("status", "--json").json["next_run"] is None


def test_ready_in_two_seconds(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD, "slow:seconds=1,path=/report/,times=1") as (place, _):
        place.run("status")
        began = time.monotonic()
        with daemon(place) as running:
            running.event("ready")
            assert time.monotonic() - began < 2
            running.send(signal.SIGTERM)
            running.ended()
