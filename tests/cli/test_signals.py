"""Real signals to real processes."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from settlement_bridge.sandbox import scenario
from tests.cli.command import command_line, served, started

PATIENCE = 20


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_sync_that_waits_for_a_slow_server_ends_at_once(tmp_path: Path, number: int, code: int) -> None:
    faults = ("429:retry-after=600,path=/report/,times=forever",)
    with served(tmp_path / "place", scenario("webshop", days=2), *faults) as place:
        place.rewrite("attempts = 1", "attempts = 5\nlongest_wait = 600.0")
        with started("--config", place.config, "sync") as process:
            _wait_until_it_listens(place.folder / "state.db")
            process.send_signal(number)
            began = time.monotonic()
            out, err = process.communicate(timeout=PATIENCE)

        assert process.returncode == code
        assert time.monotonic() - began < PATIENCE / 2
        assert out == ""
        assert "Traceback" not in err
        assert ("interrupted; the next run goes on" in err) is (number == signal.SIGINT)
        said = place.run("status").out
        assert said.endswith(f"with exit code {code}: it was interrupted, the next one goes on.\n")

    with served(tmp_path / "after", scenario("webshop", days=2)) as healthy:
        place.rewrite(_base_url(place.config), _base_url(healthy.config))
        done = place.run("sync")
        assert done.code == 0, done.err
        assert len(place.files()) == 2


def _base_url(config: Path) -> str:
    return next(line for line in config.read_text(encoding="utf-8").splitlines() if line.startswith("base_url"))


def _wait_until_it_listens(database: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not database.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)  # the tables are made and the first request is on its way; any later moment does as well


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sandbox_serves_until_it_is_told_to_end(number: int) -> None:
    with started("sandbox", "--port", "0", "--scenario", "webshop", "--seed", "3") as process:
        assert process.stdout
        introduction = process.stdout.readline()
        url = introduction.split(" at ")[1].split()[0]
        assert requests.get(f"{url}/settlement/v1/ledgers", timeout=PATIENCE).status_code == 401
        while "country_code" not in (line := process.stdout.readline()):
            introduction += line
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert err == ""
    assert f'base_url = "{url}"' in introduction


def test_a_signal_may_come_while_somebody_holds_the_lock_of_the_event() -> None:
    """As who waits for it does, for a moment: a handler that set the event itself would wait for ever."""
    code = (
        "import signal\n"
        "from settlement_bridge.cli.signals import stopping\n"
        "try:\n"
        "    with stopping() as stop, stop._cond:\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "except SystemExit as error:\n"
        "    assert stop.wait(10)\n"
        "    raise\n"
    )
    done = subprocess.run([command_line()[0], "-c", code], check=False, capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (143, b"")


def test_two_signals_at_once_end_a_sandbox_all_the_same() -> None:
    for _ in range(5):
        with started("sandbox", "--port", "0", "--scenario", "webshop") as process:
            assert process.stdout
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)


def test_a_sandboxs_configuration_is_ready_to_use(tmp_path: Path) -> None:
    with started("sandbox", "--port", "0", "--scenario", "webshop", "--dialect", "v1") as process:
        config = tmp_path / "config.toml"
        config.touch(mode=0o600)
        config.write_text(_configuration(process), encoding="utf-8")
        (tmp_path / "published").mkdir()
        with started("--config", config, "sync", "--json") as sync:
            out, err = sync.communicate(timeout=60)

    assert (sync.returncode, err) == (0, "")
    assert '"state": "delivered"' in out


def _configuration(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        if line.startswith("[") or lines:
            lines.append(line)
        if line.startswith("country_code"):
            break
    return "".join(lines)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with served(tmp_path / "place", scenario("webshop", days=1)) as place:
        port = _base_url(place.config).rpartition(":")[2].strip('"')
        with started("sandbox", "--port", port, "--scenario", "webshop") as process:
            out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert out == ""
    assert f"port {port}" in err
