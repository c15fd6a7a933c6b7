"""The real `settlement-bridge serve` with files to fetch, and what a client of any kind needs to log in there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from settlement_bridge.sandbox import scenario
from settlement_bridge.sandbox.stored import together
from tests.cli.command import Place, command_line, environment, served
from tests.publish.sshd import make_key

FORMATS = ("xml", "csv")
WORLD = together([scenario("chain-of-shops", days=6), scenario("big-merchant", transactions=3000)])
"""Several sales units of two organizations, and one payout whose files take many reads."""


@dataclass(frozen=True)
class House:
    """A server under way, all of whose users log in with one key and find the same files."""

    place: Place
    port: int
    host_keys: tuple[str, ...]
    """Fingerprints, as the command prints them: `SHA256:...`."""

    @property
    def key(self) -> Path:
        return self.place.folder / "key"

    @property
    def tree(self) -> dict[str, bytes]:
        """Return every file by its path below the inbox, as a destination on this machine got them, too."""
        inbox = self.place.published / "settlements" / "inbox"
        return {str(path.relative_to(inbox)): path.read_bytes() for path in inbox.rglob("*") if path.is_file()}

    def inbox(self, user: str) -> list[str]:
        return self._listed(user, "inbox")

    def archive(self, user: str) -> list[str]:
        return self._listed(user, "archive")

    def _listed(self, user: str, where: str) -> list[str]:
        done = self.place.run("inbox", user, "--json")
        assert done.code == 0, done.out + done.err
        return [str(one["path"]) for one in done.json[where]]


@contextmanager
def house(folder: Path, users: list[str]) -> Iterator[House]:
    """Publish a few payouts, then serve them to these users for the length of the block."""
    with opened(published(folder, users)) as running:
        yield running


def published(folder: Path, users: list[str]) -> Place:
    """Publish a few payouts that can be served to these users."""
    with served(folder, WORLD) as place:
        make_key(place.folder / "key")
        _configure(place, users)
        done = place.run("sync")
        assert done.code == 0, done.out + done.err
    return place


@contextmanager
def opened(place: Place, *before: str) -> Iterator[House]:
    """Serve what is published for the length of the block; `before` comes before the command."""
    with (
        (place.folder / "log").open("w") as log,
        subprocess.Popen(
            [*before, *command_line("--config", place.config, "serve")],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(),
        ) as process,
    ):
        try:
            yield _introduced(place, process)
        finally:
            process.terminate()
            process.wait(30)


def _configure(place: Place, users: list[str]) -> None:
    lines = ["[sftp_server]", 'listen = "127.0.0.1:0"', ""]
    for user in users:
        lines += ["[[sftp_server.users]]", f'name = "{user}"', 'authorized_keys_file = "key.pub"']
        lines += ['sales_units = ["*"]', 'formats = ["xml", "csv"]', ""]
    place.rewrite("[[destinations]]\n", "\n".join(lines) + '\n[[destinations]]\nformats = ["xml", "csv"]\n')


def _introduced(place: Place, process: "subprocess.Popen[str]") -> House:
    """Read what the command says of itself when it begins."""
    assert process.stdout
    first = process.stdout.readline()
    found = re.match(r"Serving at 127\.0\.0\.1 port ([0-9]+) until Ctrl-C\.", first)
    assert found, (first, (place.folder / "log").read_text())
    keys = [process.stdout.readline().split() for _ in range(3)]
    return House(place, int(found[1]), tuple(word for words in keys for word in words if word.startswith("SHA256:")))


def installed(*programs: str) -> bool:
    return all(map(shutil.which, programs))
