"""The kinds of values a configuration holds, each with what is expected of it.

A relative path is taken from the folder that the validation context names (`{"folder": Path}`); without a context,
from the working directory.
"""

import difflib
import ipaddress
import re
import shlex
import zoneinfo
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from settlement_bridge.model import SettlementType

EXPECTED = "expected"
STATED = "stated"

Number = TypeVar("Number", int, float)
Item = TypeVar("Item")


def expected(wanted: str) -> PydanticCustomError:
    """Return the error for a value that must be replaced: `wanted` completes "set it to …"."""
    return PydanticCustomError(EXPECTED, "{sentence}", {"sentence": wanted})


def stated(said: str) -> PydanticCustomError:
    """Return the error for a key that does not fit its neighbours: `said` follows the key and holds the remedy."""
    return PydanticCustomError(STATED, "{sentence}", {"sentence": said})


def between(low: Number, high: Number, wanted: str) -> Callable[[Number], Number]:
    """Return a check that a number is neither below `low` nor above `high`; NaN is neither."""

    def check(value: Number) -> Number:
        if low <= value <= high:
            return value
        raise expected(f"{wanted} from {low} to {high}")

    return check


def matching(pattern: str, wanted: str) -> Callable[[str], str]:
    """Return a check that a text matches a regular expression as a whole."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value):
            return value
        raise expected(wanted)

    return check


def filled(values: tuple[Item, ...]) -> tuple[Item, ...]:
    """Check that a list holds something: an empty one could be meant as all or as none."""
    if values:
        return values
    raise expected("a list with something in it, or leave it out")


def _key_text(value: str) -> str:
    # It travels in an HTTP header, where a space or a line break would cut it or start another header.
    if value and value.isascii() and value.isprintable() and " " not in value:
        return value
    raise expected("the text from the provider's portal: one word, without spaces or line breaks")


def _secret_key_text(value: SecretStr) -> SecretStr:
    _key_text(value.get_secret_value())
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _base_url(value: str) -> str:
    wanted = 'an address such as "https://api.vipps.no", without user, query or fragment'
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise expected(wanted) from None
    if not host or "@" in parts.netloc or re.search(r"[?#\s]|[^!-~]", value):
        raise expected(wanted)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return value.rstrip("/")
    raise expected("an https:// address; only this machine itself may be asked without encryption")


def base_folder(info: ValidationInfo) -> Path:
    """Return the folder relative paths start from."""
    return Path(info.context["folder"]) if info.context else Path.cwd()


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise expected("a path")
    return base_folder(info) / value


def _private(path: Path) -> Path:
    # One that is missing or cannot be read is found by whoever needs it.
    if path.is_file() and (mode := path.stat().st_mode & 0o777) & 0o077:
        raise stated(f"names {path}, which others can use (mode {mode:04o}); run: chmod 600 {shlex.quote(str(path))}")
    return path


def _remote_path(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.isprintable() or ".." in value.split("/"):
        raise expected("a path on the server, without ..")
    return PurePosixPath(value)


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(value, sorted(zoneinfo.available_timezones()), 1)
        raise expected(f'"{near[0] if near else "Europe/Oslo"}", or another name from the tz database') from None


def _settlement_type(value: object) -> object:
    if isinstance(value, SettlementType):
        return value
    try:
        return {"net": SettlementType.NET, "gross": SettlementType.GROSS}[str(value)]
    except KeyError:
        raise expected('"net" or "gross"') from None


def database_url(text: str) -> URL | None:
    """Read an SQLAlchemy address; None where it is not one."""
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        return None


def has_password(text: str) -> bool:
    """Whether a database address holds a password; one that cannot be read is taken to hold one."""
    url = database_url(text)
    return url is None or url.password is not None or "password" in url.query


def _store_url(value: SecretStr, info: ValidationInfo) -> SecretStr:
    url = database_url(value.get_secret_value())
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        raise expected('"sqlite:///state.db" or "postgresql+psycopg://user@host/name"')
    if url.get_backend_name() == "postgresql":
        return value
    # A database in memory would forget what was published, and every run would publish it again.
    if not url.database or url.database.startswith((":memory:", "file:")) or "\0" in url.database:
        raise expected('"sqlite:///" and the path of a file, such as "sqlite:///state.db"')
    path = base_folder(info) / url.database
    return SecretStr(url.set(database=str(path)).render_as_string(hide_password=False))


Identifier = Annotated[str, AfterValidator(matching("[0-9A-Za-z-]+", "letters, digits and hyphens only"))]
"""A ledger id, an MSN or an organization number: safe to build paths of (rule 18)."""

KeyText = Annotated[str, AfterValidator(_key_text)]
SecretKeyText = Annotated[SecretStr, AfterValidator(_secret_key_text)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
StoreUrl = Annotated[SecretStr, AfterValidator(_store_url)]
LocalPath = Annotated[Path, BeforeValidator(_path)]
PrivateFile = Annotated[LocalPath, AfterValidator(_private)]
RemotePath = Annotated[PurePosixPath, BeforeValidator(_remote_path)]
HostName = Annotated[
    str, AfterValidator(matching(r"[0-9A-Za-z_][0-9A-Za-z._-]*|[0-9A-Fa-f:.]+", "a host name or an IP address"))
]
FilePath = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?!.*(?<![^/])\.\.?/)((?:[A-Za-z0-9._-]|\{(?:extension|organization_number|msn)\})+/)*\{name\}",
            "folders, of which any may be {extension}, {organization_number} or {msn}, and {name} at the end",
        )
    ),
]
UserName = Annotated[str, AfterValidator(matching(r"[^\x00-\x1f\x7f-\x9f]+", "the name of a user of the server"))]
TimeZone = Annotated[zoneinfo.ZoneInfo, BeforeValidator(_zone)]
SettlementChoice = Annotated[SettlementType, BeforeValidator(_settlement_type)]

FileMode = Annotated[str, AfterValidator(matching("0?[0-7]{3}", 'an octal mode as text, such as "0640"'))]
"""Octal text: a TOML integer 640 would be read as decimal by one reader and as octal by another."""

AccountName = Annotated[
    str, AfterValidator(matching(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", "the name of a user or group of this machine"))
]
PayoutNumber = Annotated[int, AfterValidator(between(1, 10**18, "a payout number"))]
Seconds = Annotated[float, AfterValidator(between(0.1, 3600, "a number of seconds"))]
