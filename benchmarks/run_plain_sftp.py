"""Serve a folder with nothing but paramiko: `python -m benchmarks.run_plain_sftp FOLDER USER KEY HOST_KEYS`."""

import sys
from pathlib import Path

import paramiko

from tests.sftp_server.plain import Plain, serving_plainly


def main(folder: Path, user: str, key: Path, keys: Path) -> None:
    """Print the port, and serve until the standard input ends."""
    plain = Plain(folder, user, paramiko.PKey.from_path(key))
    # Not by our own room, which spares paramiko some of its work in whatever process it is imported.
    with serving_plainly(plain, [paramiko.PKey.from_path(path) for path in sorted(keys.glob("ssh_host_*_key"))]):
        print(plain.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
