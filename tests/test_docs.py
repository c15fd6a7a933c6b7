"""The documentation names only what there is: rules, files, links, commands, options, targets, settings."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from settlement_bridge.cli.entry import application
from settlement_bridge.config import Configuration
from settlement_bridge.sandbox import fault_kinds, scenarios
from tests.documents import DOCUMENTS, ROOT, blocks, code, named, prose

PACKAGE = ROOT / "settlement_bridge"
RULES = ROOT / "docs" / "rules.md"
SANDBOX = ROOT / "docs" / "sandbox.md"

EACH_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=named)

NOT_OURS = {
    "recorded/",
    "published/",
    "config.toml",
    "/srv/settlements/settlements/inbox/xml/",
}
"""Files and folders that the reader has or gets, rather than the checkout."""


# Rules

_RULE_IN_TEXT = re.compile(r"\brules?\s+([0-9]+(?:(?:,\s+|\s+and\s+|\s+to\s+)[0-9]+)*)")
_RULE_IN_NAME = re.compile(r"\btest_rule_([0-9]+)_")


def told_rules() -> list[int]:
    return [int(number) for number in re.findall(r"^### ([0-9]+)\. ", RULES.read_text(encoding="utf-8"), re.MULTILINE)]


def named_rules(text: str) -> set[int]:
    lists = [*_RULE_IN_TEXT.findall(text), *_RULE_IN_NAME.findall(text)]
    return {int(number) for one in lists for number in re.findall("[0-9]+", one)}


def test_every_form_of_naming_rules_is_understood() -> None:
    text = "rule 1, rules 2 and 3; rules 4 to 6 (rules 10,\n    11 and 12) def test_rule_09_is_kept() -> None"
    assert named_rules(text) == {1, 2, 3, 4, 6, 9, 10, 11, 12}


def test_the_rules_are_told_in_order_and_none_is_missing() -> None:
    assert told_rules() == list(range(1, 24))


def test_every_rule_that_is_named_is_told() -> None:
    told = set(told_rules())
    sources = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    for path in [*sources, *PACKAGE.glob("schemas/*"), *(ROOT / "schemas").iterdir(), *DOCUMENTS]:
        if path.is_file() and path.suffix in (".py", ".md", ".xsd"):
            unknown = named_rules(path.read_text(encoding="utf-8")) - told
            assert not unknown, f"{path.relative_to(ROOT)} names rules {sorted(unknown)}, docs/rules.md does not"


# Files and links

_PATH = re.compile(r"[\w./-]*\.(?:py|md|xsd|toml)|[\w./-]+/")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@EACH_DOCUMENT
def test_every_file_named_is_there(document: Path) -> None:
    for name in code(document):
        if _PATH.fullmatch(name) and name not in NOT_OURS:
            places = [ROOT / name, PACKAGE / name, document.parent / name]
            assert any(place.exists() for place in places), f"{named(document)} names {name}: there is no such file"


@EACH_DOCUMENT
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        target, _, anchor = link.partition("#")
        path = document.parent / target if target else document
        assert path.exists(), f"{named(document)} links to {link}: there is no such file"
        if anchor:
            assert anchor in set(anchors(path)), f"{named(document)} links to {link}: there is no such heading"


def anchors(document: Path) -> Iterator[str]:
    """Yield the anchors of a document's headings, as the common hosts make them."""
    for heading in re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


# Commands, options, targets

_COMMAND_LINE = re.compile(r"(?:^|[\s/(`])settlement-bridge\s+((?:--?[a-z]|[a-z]+\b)[^\n`|;&)]*)")


def command_lines(document: Path) -> list[str]:
    texts = [*code(document), *(line for block in blocks(document) for line in block.text.splitlines())]
    return [line for text in texts for line in _COMMAND_LINE.findall(text)]


def commands() -> dict[str, click.Command]:
    context = click.Context(application)
    found = {name: application.get_command(context, name) for name in application.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def options_of(command: click.Command) -> set[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    return {option for parameter in command.get_params(context) for option in parameter.opts}


def complaint(line: str) -> str | None:
    """Say what is wrong with a command line, as it stands behind the program's name."""
    words = shlex.split(line, comments=True)
    name = next((word for word in words if word in commands() or word == "COMMAND"), None)
    if name is None:
        return f"`settlement-bridge {line}` names no command"
    before, behind = words[: words.index(name)], words[words.index(name) + 1 :]
    known = options_of(commands()[name]) if name in commands() else {"--help"}
    unknown = {word for word in before if word.startswith("-")} - options_of(application)
    unknown |= {word.partition("=")[0] for word in behind if word.startswith("-") and word != "-"} - known
    return f"`settlement-bridge {line}`: no option {', '.join(sorted(unknown))}" if unknown else None


@pytest.mark.parametrize("line", ["sink", "sync --ledgers 1", "--dry-run sync", "sandbox --config x"])
def test_a_command_line_that_is_wrong_is_noticed(line: str) -> None:
    assert complaint(line)


@EACH_DOCUMENT
def test_every_command_line_can_be_called(document: Path) -> None:
    for line in command_lines(document):
        wrong = complaint(line)
        assert wrong is None, f"{named(document)}: {wrong}"


def test_command_lines_are_found() -> None:
    found = {name for document in DOCUMENTS for line in command_lines(document) for name in commands() if name in line}
    assert found >= {"check", "sync", "status", "find", "render", "republish", "resync", "ledgers", "sandbox"}


@EACH_DOCUMENT
def test_every_option_and_make_target_named_exists(document: Path) -> None:
    options = options_of(application).union(*map(options_of, commands().values()))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in (text.split() for text in code(document)):
        if words[0].startswith("--"):
            assert words[0] in options, f"{named(document)} names {words[0]}: no command has it"
    lines = [*code(document), *(line for block in blocks(document, "sh") for line in block.text.splitlines())]
    for target in re.findall(r"^make ([a-z-]+)$", "\n".join(lines), re.MULTILINE):
        assert target in targets, f"{named(document)} names make {target}: the Makefile has no such target"


# The sandbox's page


def first_column(header: str) -> set[str]:
    """Return the names in the first column of the table that begins with a header."""
    _, _, table = prose(SANDBOX).partition(f"| {header} |")
    return set(re.findall(r"^\| `([\w-]+)`", table.partition("\n\n")[0], re.MULTILINE))


def test_the_sandbox_page_has_every_scenario_and_no_other() -> None:
    assert first_column("scenario") == set(scenarios())


def test_the_sandbox_page_has_every_fault_and_no_other() -> None:
    _, _, table = prose(SANDBOX).partition("| what goes wrong |")
    assert set(re.findall("`([^`]+)`", table.partition("\n\n")[0])) == set(fault_kinds())


# Settings


def with_tuples(value: Any) -> Any:
    """Return data with its lists as what the schema knows lists by."""
    if isinstance(value, dict):
        return {key: with_tuples(inner) for key, inner in value.items()}
    return tuple(map(with_tuples, value)) if isinstance(value, list) else value


@EACH_DOCUMENT
def test_every_configuration_shown_can_be_loaded(document: Path, tmp_path: Path) -> None:
    for block in blocks(document, "toml"):
        data = tomllib.loads((ROOT / "config.example.toml").read_text(encoding="utf-8"))
        for table, keys in tomllib.loads(block.text).items():
            data[table] = keys if isinstance(keys, list) else data.get(table, {}) | keys
        Configuration.from_data(with_tuples(data), tmp_path)
