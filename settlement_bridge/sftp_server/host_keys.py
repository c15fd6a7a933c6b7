"""The server's own keys: made once, kept for ever, usable by this user alone."""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import PKey

from settlement_bridge.errors import ConfigurationError

_KEY = "sftp_server.host_keys"
_RSA_BITS = 3072
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_NEW: dict[str, Callable[[], PrivateKeyTypes]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, _RSA_BITS),
}


def host_keys(folder: Path) -> list[PKey]:
    """Return the keys of a folder, Ed25519, ECDSA and RSA, making folder and keys where they are missing.

    Raises ConfigurationError with every problem: what cannot be made or read, and what others can use.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind in _NEW:
            if not _path(folder, kind).exists():
                _make(_path(folder, kind), kind)
    except OSError as error:
        raise ConfigurationError(
            [f"{_KEY}: {error.filename or folder} cannot be made ({error.strerror}); correct path or permissions"]
        ) from error
    return check_host_keys(folder)


def check_host_keys(folder: Path) -> list[PKey]:
    """Return those keys of a folder that there are, and make none. Raises ConfigurationError as host_keys does."""
    paths = [path for path in (_path(folder, kind) for kind in _NEW) if path.exists()]
    problems = [problem for path in (folder, *paths) if path.exists() and (problem := _shared(path))]
    keys: list[PKey] = []
    for path in paths:
        try:
            keys.append(PKey.from_path(path))
        except OSError as error:
            problems.append(f"{_KEY}: {path} cannot be read ({error.strerror}); correct its permissions")
        except Exception:  # of a file that is no key, paramiko and cryptography raise a dozen classes
            problems.append(
                f"{_KEY}: {path} is not a private key; restore it from a backup: clients know the server by it"
            )
    if problems:
        raise ConfigurationError(problems)
    return keys


def _path(folder: Path, kind: str) -> Path:
    return folder / f"ssh_host_{kind}_key"


def _shared(path: Path) -> str | None:
    """Return what is wrong where others than this user can use a folder or key."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OTHERS:
        return None
    remedy = f"chmod {'700' if path.is_dir() else '600'} {path}"
    return f"{_KEY}: {path} can be used by others (mode {mode:04o}); run: {remedy}"


def _make(path: Path, kind: str) -> None:
    """Make a key under another name and link it to its own: whoever comes second takes the one that is there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    content = _NEW[kind]().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
