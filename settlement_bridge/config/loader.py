"""Loads the configuration, or says everything that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settlement_bridge.config.keys import without_kinds
from settlement_bridge.config.problems import sentence
from settlement_bridge.config.schema import Configuration, Store
from settlement_bridge.config.sources import Sources, find, gather
from settlement_bridge.errors import ConfigurationError


def load(path: Path | None, environ: Mapping[str, str]) -> Configuration:
    """Return the configuration from a file (None: the first of the usual places) and the environment.

    Relative paths are relative to the file's folder. Raise ConfigurationError with every problem there is, one sentence
    each with place, key, value (never a secret's) and remedy.
    """
    sources = gather(find(path, environ), environ)
    try:
        configuration = Configuration.from_data(_with_tuples(sources.data), sources.file.parent)
        problems: list[str] = []
    except ValidationError as error:
        problems = [_placed(sources, one) for one in error.errors() if one["loc"] not in sources.unreadable]
    if sources.problems or problems:
        raise ConfigurationError(sources.problems + problems) from None
    return configuration


def store_url(text: str, folder: Path) -> str:
    """Return the address of a database given elsewhere than in [store], understood in the same way.

    Raise ConfigurationError where it is none; the address, which may hold a password, is not repeated.
    """
    try:
        return Store.model_validate({"url": text}, context={"folder": folder}).url.get_secret_value()
    except ValidationError:
        sentence = "the database's address is none; write sqlite:///state.db or postgresql://user@host/name"
        raise ConfigurationError([sentence]) from None


def _placed(sources: Sources, error: ErrorDetails) -> str:
    return f"{sources.place(without_kinds(error['loc']))}: {sentence(error)}"


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(inner) for key, inner in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
