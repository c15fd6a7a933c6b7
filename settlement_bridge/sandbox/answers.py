"""Requests and answers, as the sandbox's dialects see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from email.message import Message
from http import HTTPStatus
from json import dumps
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    target: str
    """Path and query, as sent."""
    headers: Message = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the path, decoded."""
        return tuple(unquote(part) for part in urlsplit(self.target).path.strip("/").split("/"))

    @property
    def query(self) -> dict[str, str]:
        """The parameters; of one given twice the last counts."""
        values = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: given[-1] for name, given in values.items()}


@dataclass(frozen=True)
class Answer:
    """What the sandbox says to it."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of items before it becomes an answer."""

    source: tuple[str, str]
    """Which rows it is of: ledger id and book, so that a fault can tell one from another."""
    start: int
    """Position of the first item among those rows."""
    items: Sequence[bytes]
    here: str
    """The cursor that gives this page again."""
    cursor: str | None
    """The cursor for what follows; None where the answer has no cursor at all."""
    flags: Mapping[str, bool] = field(default_factory=dict)
    """`tryLater`, `hasMore`."""
    given: int = 0
    """How many of those rows earlier answers have given."""

    def answer(self) -> Answer:
        """Return the page as JSON."""
        members = {**({} if self.cursor is None else {"cursor": self.cursor}), **self.flags}
        head = dumps(members, separators=(",", ":")).encode("ascii")[:-1]
        return Answer(200, b'%b%b"items":[%b]}' % (head, b"," if members else b"", b",".join(self.items)))


class Refusal(Exception):
    """A request that gets no data; carries the answer it gets instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, members: Mapping[str, Any]) -> Answer:
    """Return a JSON object as an answer."""
    return Answer(status, dumps(members, ensure_ascii=False).encode())


def problem(request: Request, status: int, detail: str, title: str | None = None) -> Refusal:
    """Return a refusal in the form of RFC 9457, as the Report API words its own."""
    title = title or HTTPStatus(status).phrase
    members = {
        "type": f"https://developer.vippsmobilepay.com/problem/{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": urlsplit(request.target).path,
    }
    return Refusal(Answer(status, dumps(members).encode(), PROBLEM))


def unauthorized(message: str) -> Refusal:
    """Return the refusal for wrong keys or a wrong token."""
    return Refusal(json_answer(401, {"code": "Unauthorized", "message": message}))


def a_date(request: Request, name: str, text: str) -> date:
    """Return a date given as YYYY-MM-DD or refuse the request."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise problem(request, 400, f"{name} must be a date in the form YYYY-MM-DD, not {text!r}.")
    return day
