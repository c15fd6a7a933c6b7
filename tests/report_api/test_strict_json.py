import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.report_api.strict_json import NotJson, Untrue, listed, parse
from tests.report_api.server import entry, page

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ['":', '" :', "{", '\\":', ":x"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXTS | st.just("items"), VALUES, max_size=4)
SPACES = st.text(" \t\n\r", max_size=2)


def written(value: Any, space: str, twice: bool = False) -> str:
    """Write JSON with `space` around every sign; `twice` repeats the first key of every object."""
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)}{space}:{space}{written(each, space, twice)}" for key, each in value.items()]
        return "{" + f"{space},{space}".join(pairs[:1] * twice + pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(each, space, twice) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(DOCUMENTS, SPACES)
def test_whatever_is_written_is_read_the_same(document: dict[str, Any], space: str) -> None:
    assert parse(written(document, space).encode()) == document


@given(DOCUMENTS.filter(bool), SPACES)
def test_a_key_given_twice_is_always_found(document: dict[str, Any], space: str) -> None:
    with pytest.raises(Untrue, match="given twice"):
        parse(written(document, space, twice=True).encode())


def test_a_key_given_twice_is_named_with_its_entry() -> None:
    body = json.dumps(page([entry(0), entry(1)], "a")).replace('"amount": 100', '"amount": 100, "amount": 1', 1)
    with pytest.raises(Untrue, match=r"'amount' is given twice in one object \('3343121302'\)"):
        parse(body.encode())


@given(st.data())
def test_a_body_cut_at_any_byte_is_refused_whole(data: st.DataObject) -> None:
    body = json.dumps(page([entry(0, reference="Ærlig 😀"), entry(1)], "a"), ensure_ascii=False).encode()
    with pytest.raises(NotJson):
        parse(body[: data.draw(st.integers(0, len(body) - 1))])


@pytest.mark.parametrize("body", [b"<html>Gateway</html>", b"", b"[1]", b"3", b"\xff{}", b"[" * 100_000, b'{"a":1}}'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse(body)


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert parse(rb'{"a":"x\ud83dy","b":["\udc00"],"c":"\ud83d\ude00"}') == {
        "a": "x\ufffdy",
        "b": ["\ufffd"],
        "c": "😀",
    }


def test_a_nul_character_becomes_one_too_because_not_every_database_can_hold_it() -> None:
    assert parse(rb'{"items":[{"reference":"a\u0000b"}]}') == {"items": [{"reference": "a\ufffdb"}]}


@pytest.mark.parametrize("items", [{}, "x", [1], [[]], [None]])
def test_items_are_a_list_of_objects(items: object) -> None:
    with pytest.raises(Untrue, match="items"):
        listed({"items": items})


def test_no_items_are_no_entries() -> None:
    assert listed({"items": None}) == listed({}) == listed({"items": []}) == []
