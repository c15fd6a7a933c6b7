"""The example file and the schema agree, in both directions."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.config import Configuration, load
from settlement_bridge.config.example import example
from settlement_bridge.config.keys import all_names
from tests.config.conftest import GOOD, Write

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"(?m)^#(?=[a-z_\[])", "", TEXT)
FILE_KEYS = [found for found in re.findall(r"(?m)^#(\w+)_file = (.*)$", TEXT) if found[0] != "authorized_keys"]
"""Secrets, which may lie in a file of their own."""


def keys_in(data: dict[str, Any]) -> set[str]:
    return {key for name, table in data.items() for key in keys_below(name, table)}


def keys_below(name: str, value: Any) -> set[str]:
    """Return the keys of a table, of the tables of a list or of those by an id; of anything else its own name."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {key for one in value for inner in one for key in keys_below(f"{name}[].{inner}", one[inner])}
    if isinstance(value, dict) and all(isinstance(inner, dict) for inner in value.values()):
        return {f"{name}.<id>.{key}" for inner in value.values() for key in inner}
    if isinstance(value, dict):
        return {key for inner in value for key in keys_below(f"{name}.{inner}", value[inner])}
    return {name}


def test_the_file_is_what_the_schema_makes() -> None:
    assert example() == TEXT, "run: python -m settlement_bridge.config > config.example.toml"


def test_every_key_of_the_schema_is_in_the_example_and_the_other_way_round() -> None:
    assert keys_in(tomllib.loads(UNCOMMENTED)) == set(all_names())


def test_the_example_loads_as_it_is(write: Write) -> None:
    configuration = load(write(TEXT), {})
    assert [str(destination.path) for destination in configuration.destinations] == ["/srv/settlements"]


def test_the_example_loads_with_every_key_in_force(write: Write) -> None:
    configuration = load(write(re.sub(r"(?m)^\w+_file = .*$", "", UNCOMMENTED)), {})
    assert configuration.organizations["998724341"].city == "OSLO"
    assert configuration.ledgers["302321"].first_payout == 2000001


@pytest.mark.parametrize(("key", "name"), FILE_KEYS)
def test_each_file_key_of_the_example_can_take_its_keys_place(write: Write, key: str, name: str) -> None:
    write("sqlite:///state.db" if key == "url" else "secret", name.strip('"'))
    text = re.sub(rf"(?m)^{key} = .*$", "", TEXT).replace(f"#{key}_file", f"{key}_file")
    assert len(FILE_KEYS) == 4
    assert load(write(text), {}).report_api.client_id == "..."


def test_what_is_commented_out_is_the_default_where_there_is_one(write: Write) -> None:
    plain = load(write(GOOD), {})
    shown = load(write(re.sub(r"(?m)^\w+_file = .*$", "", UNCOMMENTED)), {})
    assert shown.issuer == plain.issuer
    for part in ("report_api", "sync"):
        defaults, example_values = getattr(plain, part), getattr(shown, part)
        for name, field in type(defaults).model_fields.items():
            if not field.is_required() and field.default is not None:
                assert getattr(example_values, name) == getattr(defaults, name), name


def test_every_key_has_a_description() -> None:
    for field in Configuration.model_fields.values():
        assert field.description
    for block in TEXT.split("\n\n"):
        assert block.startswith("# "), f"no comment: {block}"
