"""The real command in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settlement_bridge.cli.sandbox_config import sandbox_config
from settlement_bridge.sandbox import Keys, Sandbox, World

TIMEOUT = 60


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """A clean environment, so that nobody's own configuration or terminal decides."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH")}
    return {**kept, "HOME": "/nonexistent", "TZ": "UTC", **more}


def command_line(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "settlement_bridge", *map(str, arguments)]


def run_command(*arguments: str | Path, cwd: Path | None = None, **env: str) -> Finished:
    done = subprocess.run(
        command_line(*arguments),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment(**env),
        timeout=TIMEOUT,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command that is under way; killed if the block has not ended it."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command_line(*arguments), stdout=pipe, stderr=pipe, text=True, env=environment())
    with process:
        try:
            yield process
        finally:
            process.kill()


@dataclass(frozen=True)
class Place:
    """A folder with a configuration, a database and a destination."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def run(self, *arguments: str | Path, **env: str) -> Finished:
        return run_command("--config", self.config, *arguments, cwd=self.folder, **env)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.published.rglob("*") if path.is_file())

    def rewrite(self, old: str, new: str) -> None:
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), encoding="utf-8")


def place_for(folder: Path, url: str, world: World, keys: Keys | None = None) -> Place:
    """Write a configuration for a sandbox; requests are tried once only, so that failures are quick."""
    place = Place(folder)
    place.published.mkdir(parents=True)
    place.config.touch(mode=0o600)
    text = sandbox_config(url, keys or Keys(), world.organizations)
    place.config.write_text(text.replace("[report_api]\n", "[report_api]\nattempts = 1\n"), encoding="utf-8")
    return place


@contextmanager
def served(folder: Path, world: World, *faults: str) -> Iterator[Place]:
    """A place whose sandbox runs for the length of the block."""
    with Sandbox(world, faults=faults) as sandbox:
        yield place_for(folder, sandbox.url, world, sandbox.keys)
