"""Where values come from: the file, files of single secrets, systemd's credentials, the environment; later ones win."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from settlement_bridge.config.files import check_private, parse, read_secret, read_text
from settlement_bridge.config.keys import Location, field_at, is_list, secrets, takes_text
from settlement_bridge.config.problems import dotted
from settlement_bridge.config.values import has_password
from settlement_bridge.errors import ConfigurationError

PREFIX = "SETTLEMENT_BRIDGE_"
CONFIG_VARIABLE = "SETTLEMENT_BRIDGE_CONFIG"
SYSTEM_FILE = Path("/etc/settlement-bridge/config.toml")


def find(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration file: `path`, $SETTLEMENT_BRIDGE_CONFIG, or the first there is of the usual places.

    Raise ConfigurationError where there is none; a file that was named is not looked for.
    """
    if path is not None:
        return path.absolute()
    if named := environ.get(CONFIG_VARIABLE):
        return Path(named).absolute()
    home = environ.get("HOME")
    users = [Path(home) / ".config/settlement-bridge/config.toml"] if home else []
    places = [Path("config.toml").absolute(), *users, SYSTEM_FILE]
    for place in places:
        if os.access(place, os.F_OK):
            return place
    looked = ", ".join(map(str, places))
    raise ConfigurationError(
        [f"no configuration file found; write one at {looked}, or name one with --config or {CONFIG_VARIABLE}"]
    )


@dataclass
class Sources:
    """Plain data from all sources, and for every value that is not from the file where it is from."""

    file: Path
    data: dict[str, Any]
    origins: dict[Location, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unreadable: set[Location] = field(default_factory=set)
    """Secrets that are given, but could not be read: already a problem, and not missing besides."""

    def place(self, location: Location) -> str:
        """Return the file or variable a value is from."""
        ways = (location[:length] for length in range(len(location), 0, -1))
        return next((self.origins[way] for way in ways if way in self.origins), str(self.file))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep the problems of the block and go on behind it."""
        try:
            yield
        except ConfigurationError as error:
            self.problems.extend(error.problems)


def gather(file: Path, environ: Mapping[str, str]) -> Sources:
    """Read every source into one tree; raise ConfigurationError only where the file cannot be read at all."""
    text, mode = read_text(file)
    sources = Sources(file, parse(text, file))
    if _holds_secret(sources.data):
        with sources.collecting():
            check_private(file, mode)
    for variable in sorted(environ):
        names = variable.removeprefix(PREFIX).lower().split("__")
        if variable.startswith(PREFIX) and len(names) > 1:
            with sources.collecting():
                _put_variable(sources, names, variable, environ[variable])
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    for section, key in secrets():
        _settle(sources, section, key, Path(credentials) if credentials else None)
    return sources


def _holds_secret(data: Mapping[str, Any]) -> bool:
    tables = ((data.get(section), key) for section, key in secrets())
    return any(isinstance(table, dict) and key in table and _is_secret(key, table[key]) for table, key in tables)


def _is_secret(key: str, value: object) -> bool:
    return key != "url" or not isinstance(value, str) or has_password(value)


def _put_variable(sources: Sources, names: list[str], variable: str, text: str) -> None:
    """Set the value a variable gives; where the file has a plain value for a table, leave that to validation."""
    _check_text(variable, text)
    node: Any = sources.data
    location: Location = ()
    for name in names[:-1]:
        if not isinstance(node, dict | list):
            return
        part: Any = _part(node, name, variable)
        location = (*location, part)
        known = field_at(location)
        if known is None:
            sources.origins[location] = variable
        if isinstance(node, dict):
            node.setdefault(part, [] if known and is_list(known) else {})
        node = node[part]
    if isinstance(node, dict | list):
        part = _part(node, names[-1], variable)
        sources.origins[(*location, part)] = variable
        node[part] = _value(text, field_at((*location, part))) if isinstance(node, dict) else text


def _check_text(variable: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError([f"{variable} is not UTF-8 text; set it again"]) from None


def _part(node: dict[str, Any] | list[Any], name: str, variable: str) -> str | int:
    """Return the key or index a variable means; an index just behind the list's end makes room for a new table."""
    if isinstance(node, dict):
        return next((key for key in node if key.lower() == name), name)
    if not re.fullmatch("[0-9]{1,3}", name) or int(name) > len(node):
        raise ConfigurationError([f"{variable} has no number of a list's item; use one from 0 to {len(node)}"])
    if int(name) == len(node):
        node.append({})
    return int(name)


def _value(text: str, known: FieldInfo | None) -> Any:
    if known is None or takes_text(known):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _settle(sources: Sources, section: str, key: str, credentials: Path | None) -> None:
    """Leave one value of a secret: the environment's, else the credential's, else its file's, else the file's own."""
    table = sources.data.setdefault(section, {}) if credentials else sources.data.get(section)
    if not isinstance(table, dict):
        return
    key_file = f"{key}_file"
    by_environment = {name for name in (key, key_file) if (section, name) in sources.origins}
    if by_environment:
        for name in {key, key_file} - by_environment:
            table.pop(name, None)
    elif credentials and os.access(credentials / f"{section}.{key}", os.F_OK):
        table.pop(key_file, None)
        _read(sources, table, (section, key), credentials / f"{section}.{key}", private=False)
        return
    if key in table and key_file in table:
        place = sources.place((section, key))
        sources.problems.append(f"{place}: {dotted((section, key))} and {key_file} are both given; remove one")
    elif key_file in table:
        _read_file(sources, table, (section, key), credentials)


def _read_file(sources: Sources, table: dict[str, Any], secret: tuple[str, str], credentials: Path | None) -> None:
    named = table[f"{secret[1]}_file"]
    if not isinstance(named, str) or not named:
        sources.unreadable.add(secret)  # validation says what is wrong with the path
        return
    path = sources.file.parent / named
    _read(sources, table, secret, path, private=not (credentials and path.is_relative_to(credentials)))


def _read(sources: Sources, table: dict[str, Any], secret: tuple[str, str], path: Path, private: bool) -> None:
    section, key = secret
    try:
        table[key] = read_secret(path, private)
        sources.origins[secret] = str(path)
    except ConfigurationError as error:
        table.pop(key, None)
        sources.unreadable.add(secret)
        sources.problems.extend(f"{dotted((section, key))}: {problem}" for problem in error.problems)
