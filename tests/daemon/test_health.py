"""What can be asked over HTTP, and who may ask."""

import re
import signal
import socket
import time
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

from settlement_bridge import __version__
from tests.daemon.running import Running, daemon, eventually
from tests.system.conftest import LEDGER, WORLD, serving

SOON = {"SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.3"}


def numbers(running: Running) -> dict[str, float]:
    """Return the metrics by name and labels, as Prometheus's own parser reads them."""
    families = text_string_to_metric_families(running.get("/metrics").text)
    samples = (sample for family in families for sample in family.samples)
    return {"".join([each.name, *(f" {value}" for value in each.labels.values())]): each.value for each in samples}


def test_one_that_is_well_says_so(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        running.event("waiting")
        assert [running.get(path).status_code for path in ("/livez", "/readyz", "/metrics")] == [200, 200, 200]
        assert running.get("/").status_code == 404
        found = numbers(running)
        now = time.time()
        assert found["settlement_bridge_runs_total done"] == 1
        assert found["settlement_bridge_files_total delivered"] == len(expected)
        assert found["settlement_bridge_ledgers"] == 1
        assert found["settlement_bridge_entries_mirrored_total"] > 100
        assert found["settlement_bridge_run_duration_seconds_count"] == 1
        assert now - 60 < found["settlement_bridge_last_success_timestamp_seconds"] <= now
        assert now < found["settlement_bridge_next_run_timestamp_seconds"] < now + 3700
        assert found[f"settlement_bridge_build_info {__version__}"] == 1
        assert found["process_resident_memory_bytes"] > 1e6
        assert running.stop() == 0


def test_a_restart_forgets_no_number_that_an_alert_asks_for(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD, "gap:position=1,path=/funds/") as (place, _):
        assert place.run("sync").code == 1
        before = time.time()
    with serving(tmp_path / "place", WORLD, "hang:path=/ledgers") as (place, sandbox), daemon(place) as running:
        eventually(lambda: sandbox.requests)
        found = numbers(running)
        assert found["settlement_bridge_ledgers_held"] == found["settlement_bridge_ledgers"] == 1
        assert before - 60 < found["settlement_bridge_last_run_timestamp_seconds"] < before
        assert found["settlement_bridge_last_success_timestamp_seconds"] == 0


def test_a_restart_remembers_the_last_success(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        assert place.run("sync").code == 0
        before = time.time()
    with serving(tmp_path / "place", WORLD, "hang:path=/ledgers") as (place, sandbox), daemon(place) as running:
        eventually(lambda: sandbox.requests)
        assert before - 60 < numbers(running)["settlement_bridge_last_success_timestamp_seconds"] < before


def test_metrics_are_named_by_the_conventions_and_know_no_ledger(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        running.event("waiting")
        answer = running.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert LEDGER not in answer.text
        for family in text_string_to_metric_families(answer.text):
            assert re.fullmatch("(settlement_bridge|process)_[a-z_]+", family.name)
            assert family.documentation
            labels = {name for sample in family.samples for name in sample.labels}
            assert labels <= {"le", "outcome", "state", "version"}
            if family.type == "counter":
                assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples)


def test_one_that_can_do_no_run_is_not_ready_until_it_can(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "place", WORLD, "503:path=/ledgers,times=2") as (place, _),
        daemon(place, env=SOON) as running,
    ):
        assert "503" in running.event("run_failed")["reason"]
        eventually(lambda: running.get("/readyz").status_code == 200)
        running.event("run_finished")
        assert numbers(running)["settlement_bridge_runs_total try_later"] == 2
        assert running.stop() == 0
    with serving(tmp_path / "place", WORLD) as (place, _):
        place.rewrite('client_secret = "', 'client_secret = "wrong-')
        with daemon(place, env=SOON) as running:
            running.event("waiting")
            answer = running.get("/readyz")
            assert answer.status_code == 503
            assert "no run can be done" in answer.text
            assert running.get("/livez").status_code == 200
            assert numbers(running)["settlement_bridge_runs_total configuration"] == 1
            assert running.stop() == 0


def test_one_that_hangs_is_not_alive(tmp_path: Path) -> None:
    hangs = "slow:seconds=4,path=/report/,times=1"
    with serving(tmp_path / "place", WORLD, hangs) as (place, sandbox), daemon(place, watchdog=1.0) as running:
        eventually(lambda: any("/report/" in request.target for request in sandbox.requests))
        assert running.get("/livez").status_code == 200
        eventually(lambda: running.get("/livez").status_code == 503)
        assert "no sign of life" in running.get("/readyz").text


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        port = int(running.event("health")["port"])
        with socket.create_server(("127.0.0.2", port)):  # taken, if it listened everywhere
            assert running.get("/livez").status_code == 200
        assert running.stop() == 0


def test_who_does_not_say_what_it_wants_keeps_nobody_out(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), daemon(place) as running:
        told = running.event("health")
        silent = [socket.create_connection((told["address"], told["port"])) for _ in range(50)]
        assert running.get("/livez").status_code == 200
        for each in silent:
            each.close()
        assert running.stop() == 0


def test_a_taken_port_and_none_at_all(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _), socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = place.run("run", SETTLEMENT_BRIDGE_HEALTH__PORT=port)
        assert refused.code == 78
        assert f"port {port}: cannot listen there (Address already in use); set another health.port" in refused.err
        with daemon(place, env={"SETTLEMENT_BRIDGE_HEALTH__ENABLED": "false"}) as running:
            running.event("waiting")
            assert not running.events("health")
            assert running.stop() == 0


def test_a_reload_moves_it_to_another_address_of_its_port_or_leaves_it_where_it_was(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with serving(tmp_path / "place", WORLD) as (place, _):
        with place.config.open("a", encoding="utf-8") as written:
            written.write('\n[health]\naddress = "127.0.0.1"\n')
        with daemon(place, env={"SETTLEMENT_BRIDGE_HEALTH__PORT": str(port)}) as running:
            assert running.get("/livez").status_code == 200
            place.rewrite('address = "127.0.0.1"', 'address = "192.0.2.1"')  # nobody's
            running.send(signal.SIGHUP)
            assert "192.0.2.1" in running.event("reload_refused")["reason"]
            assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).status_code == 200
            place.rewrite('address = "192.0.2.1"', 'address = "0.0.0.0"')
            running.send(signal.SIGHUP)
            running.event("reloaded")
            assert requests.get(f"http://127.0.0.2:{port}/livez", timeout=5).status_code == 200
            assert running.stop() == 0
