"""Where the daemon works during a soak: a configuration, a database, a destination."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from settlement_bridge.cli.sandbox_config import sandbox_config
from settlement_bridge.sandbox import Sandbox, World

TIMEOUT = 120
IMPATIENT = "attempts = 3\nlongest_wait = 0.1\nread_timeout = 1.0"


@dataclass(frozen=True)
class Place:
    """A folder with everything in it."""

    folder: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.toml"

    @property
    def published(self) -> Path:
        """The destination."""
        return self.folder / "published"

    @property
    def log(self) -> Path:
        """Everything that was logged."""
        return self.folder / "log"

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of the program."""
        return [sys.executable, "-m", "settlement_bridge", "--config", str(self.config), *arguments]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments), check=False, capture_output=True, text=True, env=environment(), timeout=TIMEOUT
        )

    def files(self) -> dict[str, bytes]:
        """Return every file at the destination, drafts included."""
        found = (path for path in self.published.rglob("*") if path.is_file())
        return {str(path.relative_to(self.published)): path.read_bytes() for path in found}

    def let_the_lease_run_out(self) -> None:
        """Do to the lease of a process that was killed what a minute and a half do."""
        with closing(sqlite3.connect(self.folder / "state.db", timeout=60)) as database, database:
            if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'leases'").fetchone():
                database.execute("UPDATE leases SET expires = 0")


def set_up(folder: Path, sandbox: Sandbox, world: World) -> Place:
    """Make a place whose daemon retries at once and reads from a sandbox."""
    place = Place(folder)
    place.published.mkdir(parents=True)
    place.config.touch(mode=0o600)
    text = sandbox_config(sandbox.url, sandbox.keys, world.organizations)
    text = text.replace("[report_api]\n", f"[report_api]\n{IMPATIENT}\n")
    more = '\n[schedule]\nretry = 0.2\n\n[daemon]\nlog_format = "json"\n\n[health]\nenabled = false\n'
    place.config.write_text(text + "\n" + more, encoding="utf-8")
    return place


def environment() -> Mapping[str, str]:
    """Return an environment without anybody's own settings."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "PYTHONPATH")}
    return {**kept, "HOME": "/nonexistent", "TZ": "UTC"}
