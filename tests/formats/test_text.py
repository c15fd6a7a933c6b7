import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from settlement_bridge.formats.text import xml_text


@pytest.mark.parametrize("character", ["\0", "\x01", "\x08", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_what_xml_forbids_becomes_the_replacement_character(character: str) -> None:
    assert xml_text(f"a{character}b{character}") == "a\ufffdb\ufffd"


@pytest.mark.parametrize("text", ["", "order 1", "<&>\"'", "\t\n\r", "\x7f\x85", "æøå", "\ufffd", "🐟", "=cmd()"])
def test_everything_else_is_kept(text: str) -> None:
    assert xml_text(text) == text


def test_the_parser_agrees_on_every_character_there_is() -> None:
    element = etree.Element("text")
    for code in (*range(0x10000), *range(0x10000, sys.maxunicode, 0xFFF), sys.maxunicode):
        element.text = xml_text(chr(code))


@given(st.text(alphabet=st.characters()))
def test_length_is_kept_and_a_second_time_changes_nothing(text: str) -> None:
    once = xml_text(text)
    assert len(once) == len(text)
    assert xml_text(once) == once
