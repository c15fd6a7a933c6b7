"""The server's own keys: made once, kept for ever, readable by this user alone."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paramiko import PKey

from settlement_bridge.errors import ConfigurationError

_RSA_BITS = 3072
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def host_keys(folder: Path) -> list[PKey]:
    """Return the keys of a folder, Ed25519, ECDSA and RSA, making folder and keys where they are missing.

    Raises ConfigurationError with every problem: what cannot be made or read, and what others can use.
    """
    problems: list[str] = []
    keys: list[PKey] = []
    try:
        _prepare(folder)
    except ConfigurationError as error:
        raise ConfigurationError([f"sftp_server.host_keys: {error}"]) from error
    for kind in ("ed25519", "ecdsa", "rsa"):
        try:
            keys.append(_key(folder, kind))
        except ConfigurationError as error:
            problems.append(f"sftp_server.host_keys: {error}")
    if problems:
        raise ConfigurationError(problems)
    return keys


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise ConfigurationError(
            [f"{folder} cannot be made ({error.strerror}); correct the path or its permissions"]
        ) from error
    if found.st_mode & _OTHERS:
        raise ConfigurationError([f"{folder} can be used by others; run: chmod 700 {folder}"])


def _key(folder: Path, kind: str) -> PKey:
    path = folder / f"ssh_host_{kind}_key"
    try:
        if not path.exists():
            _make(path, kind)
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            raise ConfigurationError([f"{path} can be used by others (mode {mode:04o}); run: chmod 600 {path}"])
        return PKey.from_path(path)
    except OSError as error:
        raise ConfigurationError(
            [f"{path} cannot be made or read ({error.strerror}); correct its permissions"]
        ) from error
    except ConfigurationError:
        raise
    except Exception as error:  # of a file that is no key, paramiko and cryptography raise a dozen classes
        raise ConfigurationError(
            [f"{path} is not a private key; restore it from a backup: clients know the server by it"]
        ) from error


def _make(path: Path, kind: str) -> None:
    """Make a key under another name and link it to its own: whoever comes second takes the one that is there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    content = _new(kind).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
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


def _new(kind: str) -> PrivateKeyTypes:
    match kind:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "ecdsa":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return rsa.generate_private_key(65537, _RSA_BITS)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
