"""The Containerfile, read; and what it promises, tried without an engine: no root, nothing written, a health check."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from settlement_bridge.config.daemon import Health
from tests.cli.command import place_for
from tests.daemon.running import daemon
from tests.documents import ROOT
from tests.packaging.conftest import SOURCES
from tests.packaging.machine import Machine
from tests.system.conftest import WORLD

pytestmark = pytest.mark.timeout(400)
CONTAINERFILE = ROOT / "Containerfile"


class Step(NamedTuple):
    """An instruction of the last stage or of one before it."""

    name: str
    words: str
    last_stage: bool


def steps() -> list[Step]:
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    last = max(index for index, (name, _, _) in enumerate(lines) if name == "FROM")
    return [Step(name, words.strip(), index >= last) for index, (name, _, words) in enumerate(lines)]


def of(name: str) -> list[Step]:
    return [step for step in steps() if step.name == name]


def only(name: str) -> str:
    (found,) = of(name)
    return found.words


def health_check() -> list[str]:
    words: list[str] = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    return words


def test_every_instruction_is_one_that_images_of_any_engine_know() -> None:
    usual = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME"}
    assert {step.name for step in steps()} <= usual | {"STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert not [step for step in of("ENV") if re.search("SECRET|PASSWORD|KEY", step.words)]


def test_it_is_built_from_a_release_that_is_named() -> None:
    bases = [step.words.split()[0] for step in of("FROM")]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.[0-9]+-slim-[a-z]+", bases[0])


def test_what_is_copied_is_what_the_wheel_is_made_of_and_the_context_lets_it_through() -> None:
    copied = [word for step in of("COPY") if not step.last_stage for word in step.words.split()[:-1]]
    assert sorted(copied) == sorted(SOURCES)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(SOURCES)


def test_nobody_in_it_is_root() -> None:
    assert re.fullmatch("([1-9][0-9]*):([1-9][0-9]*)", only("USER"))
    order = [step.name for step in steps() if step.last_stage]
    assert order.index("RUN") < order.index("USER") < order.index("ENTRYPOINT")
    assert "RUN" not in order[order.index("USER") :]


def test_it_runs_the_daemon_and_no_shell_stands_between_it_and_its_signals() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["settlement-bridge"]
    assert json.loads(only("CMD")) == ["run"]
    assert only("STOPSIGNAL") == "SIGTERM"
    state = json.loads(only("VOLUME"))
    assert state == ["/var/lib/settlement-bridge"] == [only_workdir() for _ in state]


def only_workdir() -> str:
    (found,) = [step.words for step in of("WORKDIR") if step.last_stage]
    return found


def checked(port: int) -> int:
    usual = f"http://{Health().address}:{Health().port}/livez"
    words = health_check()
    assert usual in words[-1]
    assert words[0] == "python"
    code = words[-1].replace(usual, f"http://127.0.0.1:{port}/livez")
    return subprocess.run([sys.executable, *words[1:-1], code], check=False, capture_output=True, timeout=30).returncode


def test_the_health_check_knows_a_daemon_that_lives_from_one_that_does_not(tmp_path: Path) -> None:
    place = place_for(tmp_path / "place", "http://127.0.0.1:9", WORLD)  # an API out of reach is no reason to be killed
    with daemon(place) as running:
        port = running.event("health")["port"]
        assert checked(port) == 0
        assert running.stop() == 0
    assert checked(port) != 0


@pytest.fixture
def sealed(machine: Machine) -> Iterator[Machine]:
    yield machine
    machine.run("rm -rf /var/lib/container")


def test_it_writes_nowhere_but_to_its_state_and_tmp(sealed: Machine) -> None:
    user, group = only("USER").split(":")
    sealed.run(f"""
        mkdir /var/lib/container
        mount -t tmpfs -o uid={user},gid={group},mode=700 tmpfs /var/lib/container
        mount -t tmpfs tmpfs /tmp
        mount -o remount,ro /
        if touch /etc/anything 2>/dev/null; then echo "the system can be written to"; exit 1; fi
        cd /var/lib/container
        setpriv --reuid {user} --regid {group} --clear-groups --bounding-set -all --no-new-privs \
            settlement-bridge demo
    """)
