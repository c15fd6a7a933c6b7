"""Reads configuration files and secrets from disk; what goes wrong becomes one sentence."""

import os
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import Any

from settlement_bridge.errors import ConfigurationError

GROUP_OR_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def read_text(path: Path) -> tuple[str, int]:
    """Return a file's text and permission bits; raise ConfigurationError where it cannot be read as UTF-8."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            return file.read().decode("utf-8-sig"), mode
    except UnicodeDecodeError:
        raise ConfigurationError([f"{path} is not UTF-8 text; save it as UTF-8"]) from None
    except FileNotFoundError:
        raise ConfigurationError([f"{path} does not exist; create it or correct its path"]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError([f"{path} cannot be read ({reason}); correct its path or permissions"]) from None


def check_private(path: Path, mode: int) -> None:
    """Raise ConfigurationError where others than its owner can read a file with secrets."""
    if mode & GROUP_OR_OTHERS_READ:
        raise ConfigurationError(
            [f"{path} holds a secret and others can read it (mode {mode:04o}); run: chmod 600 {shlex.quote(str(path))}"]
        )


def read_secret(path: Path, private: bool = True) -> str:
    """Return the one secret in a file, without the line break behind it; `private`: nobody else may read the file.

    Raise ConfigurationError where it is missing, unreadable, empty or readable by others.
    """
    text, mode = read_text(path)
    if private:
        check_private(path, mode)
    secret = text.strip()
    if not secret:
        raise ConfigurationError([f"{path} is empty; write the secret into it"])
    return secret


def parse(text: str, path: Path) -> dict[str, Any]:
    """Return a TOML text's data; raise ConfigurationError with line and column of a mistake."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([_syntax(str(error), text, path)]) from None
    except (ValueError, RecursionError):
        raise ConfigurationError([f"{path} has a number too long or tables too deep to read; shorten them"]) from None


def _syntax(message: str, text: str, path: Path) -> str:
    what, _, where = message.removesuffix(")").rpartition(" (at ")
    found = re.fullmatch(r"line (\d+), column (\d+)", where)
    lines = text.split("\n")
    line, column = found.groups() if found else (len(lines), len(lines[-1]) + 1)
    return f"{path}, line {line}, column {column}: {what}; correct the TOML there"
