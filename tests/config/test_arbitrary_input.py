"""Whatever a file holds: a configuration, or sentences on what is wrong with it; never another error."""

import tempfile
from datetime import date, time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.config import Configuration, load
from settlement_bridge.config.keys import names_in
from settlement_bridge.errors import ConfigurationError
from tests.config.conftest import toml

SECTIONS = names_in(())
KEYS = sorted({name for section in SECTIONS for name in names_in((section,))})

text = st.text(st.characters(codec="utf-8"), max_size=12)
scalars = (
    text
    | st.sampled_from(
        ["local", "xml", "merchant", "v1", "sqlite:///x.db", "https://[", "0640", "Europe/Oslo", "net", "/"]
    )
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates(min_value=date(1, 1, 1))
    | st.datetimes()
    | st.times().map(lambda value: time(value.hour, value.minute))
)
keys = st.sampled_from(KEYS) | text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
trees = st.dictionaries(
    st.sampled_from(SECTIONS) | text, st.dictionaries(keys, values, max_size=8) | values, max_size=6
)
variables = st.dictionaries(
    st.lists(st.sampled_from([*SECTIONS, *KEYS, "0", "1", "", "x"]), min_size=1, max_size=4).map(
        lambda parts: "SETTLEMENT_BRIDGE_" + "__".join(parts).upper()
    ),
    text | st.sampled_from(["1", "[1]", '["1"]', "{}", "[[[", "2026-01-01"]),
    max_size=4,
)


def outcome(content: bytes, environ: dict[str, str]) -> Configuration | ConfigurationError:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_bytes(content)
        file.chmod(0o600)
        try:
            return load(file, environ)
        except ConfigurationError as error:
            assert error.problems
            assert all("\n" not in problem and "\x1b" not in problem for problem in error.problems)
            return error


@settings(deadline=None)  # a busy machine is no fault of the input
@given(trees, variables)
def test_any_tables_and_variables(tree: dict[str, Any], environ: dict[str, str]) -> None:
    outcome("\n".join(f"{toml(key)} = {toml(value)}" for key, value in tree.items()).encode(), environ)


@settings(deadline=None)  # a busy machine is no fault of the input
@given(trees)
def test_the_tables_written_here_are_toml(tree: dict[str, Any]) -> None:
    result = outcome("\n".join(f"{toml(key)} = {toml(value)}" for key, value in tree.items()).encode(), {})
    assert "correct the TOML there" not in str(result)


@settings(deadline=None)  # a busy machine is no fault of the input
@given(st.binary(max_size=200) | text.map(str.encode))
def test_any_bytes(content: bytes) -> None:
    outcome(content, {})
