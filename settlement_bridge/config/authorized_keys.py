"""Public keys of users, as OpenSSH writes them into `authorized_keys`."""

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from settlement_bridge.config.files import read_text
from settlement_bridge.config.values import base_folder, expected, stated
from settlement_bridge.errors import ConfigurationError

KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""The kinds of keys that a user may log in with."""

SMALLEST_RSA = 2048
_ED25519_BYTES = 32


@dataclass(frozen=True)
class PublicKey:
    """A public key as it travels over the line."""

    kind: str
    blob: bytes


@dataclass(frozen=True)
class KeyFile:
    """A file of public keys, as it was when the configuration was read."""

    path: Path
    keys: tuple[PublicKey, ...]


def public_key(line: str) -> PublicKey:
    """Read one line of `authorized_keys`; raises ValueError with what is wanted instead."""
    words = line.split(None, 2)
    if len(words) < 2 or words[0] not in KINDS:
        raise ValueError(_wanted(words))
    try:
        blob = base64.b64decode(words[1], validate=True)
        parts = list(_parts(blob))
    except (binascii.Error, struct.error, ValueError):
        raise ValueError("the whole line of the key's .pub file: a part of it is missing") from None
    _check(words[0], parts)
    return PublicKey(words[0], blob)


def _wanted(words: list[str]) -> str:
    if words[:1] == ["ssh-dss"]:
        return "an Ed25519 or ECDSA key, or an RSA key of 2048 bits and more: DSA is refused"
    if any(kind in words[1:] for kind in KINDS):
        return f"the line from {next(kind for kind in KINDS if kind in words)} on: options are not supported"
    return f"the line of the key's .pub file, which begins with {', '.join(KINDS[:-1])} or {KINDS[-1]}"


def _parts(blob: bytes) -> Iterator[bytes]:
    while blob:
        (length,) = struct.unpack_from(">I", blob)
        if len(blob) < 4 + length:
            raise ValueError
        yield blob[4 : 4 + length]
        blob = blob[4 + length :]


def _check(kind: str, parts: list[bytes]) -> None:
    wanted_parts = 2 if kind == "ssh-ed25519" else 3
    if len(parts) != wanted_parts or parts[0] != kind.encode():
        raise ValueError("the whole line of the key's .pub file: its parts do not fit together")
    if kind == "ssh-ed25519" and len(parts[1]) != _ED25519_BYTES:
        raise ValueError("the whole line of the key's .pub file: an Ed25519 key has 32 bytes")
    if kind.startswith("ecdsa") and parts[1] != kind.removeprefix("ecdsa-sha2-").encode():
        raise ValueError("the whole line of the key's .pub file: its curve is not the one it names")
    bits = int.from_bytes(parts[2], "big").bit_length() if kind == "ssh-rsa" else SMALLEST_RSA
    if bits < SMALLEST_RSA:
        raise ValueError(f"an RSA key of {SMALLEST_RSA} bits and more, or an Ed25519 one: this one has {bits}")


def _from_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return public_key(value)
    except ValueError as error:
        raise expected(str(error)) from None


def _from_file(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise expected("a path")
    path = base_folder(info) / value
    try:
        text, _ = read_text(path)
    except ConfigurationError as error:
        raise stated(f"names a file that cannot be used: {error.problems[0]}") from None
    return KeyFile(path, tuple(_from_lines(path, text)))


def _from_lines(path: Path, text: str) -> Iterator[PublicKey]:
    for number, line in enumerate(text.splitlines(), 1):
        if re.fullmatch(r"\s*(#.*)?", line):
            continue
        try:
            yield public_key(line)
        except ValueError as error:
            raise _in_line(path, number, error) from None


def _in_line(path: Path, number: int, error: ValueError) -> PydanticCustomError:
    return stated(f"names {path}, whose line {number} cannot be used; put there {error}")


AuthorizedKey = Annotated[PublicKey, BeforeValidator(_from_line)]
AuthorizedKeysFile = Annotated[KeyFile, BeforeValidator(_from_file)]
