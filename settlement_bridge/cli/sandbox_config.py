"""A ready-made configuration for a sandbox."""

import json
from collections.abc import Iterator, Mapping

from settlement_bridge.sandbox import Keys, register_addresses

DEFAULT_PORT = 8610
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


def sandbox_config(
    url: str, keys: Keys, organizations: Mapping[str, Mapping[str, str]], folder: str = "published"
) -> str:
    """Return a configuration file, as TOML, that mirrors the sandbox at `url` and publishes into a folder beside it."""
    return "\n".join(_lines(url, keys, organizations, folder))


def _lines(url: str, keys: Keys, organizations: Mapping[str, Mapping[str, str]], folder: str) -> Iterator[str]:
    yield "[report_api]"
    yield f"base_url = {_text(url)}"
    yield f"client_id = {_text(keys.client_id)}"
    yield f"client_secret = {_text(keys.client_secret)}"
    yield f"subscription_key = {_text(keys.subscription_key)}"
    yield ""
    yield "[store]"
    yield 'url = "sqlite:///state.db"'
    yield ""
    yield "[[destinations]]"
    yield 'kind = "local"'
    yield f"path = {_text(folder)}"
    yield ""
    yield "[registers]"
    yield "lookup = true"
    yield from (f"{name} = {_text(address)}" for name, address in register_addresses(url).items())
    for number, details in organizations.items():
        yield ""
        yield f"[organizations.{_text(number)}]"
        yield from (f"{name} = {_text(value)}" for name, value in details.items())


def _text(value: str) -> str:
    # What JSON escapes, TOML escapes in the same way, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
