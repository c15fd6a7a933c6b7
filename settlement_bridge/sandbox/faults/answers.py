"""Faults that answer in the API's stead, or that lose the request's cursor."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from settlement_bridge.sandbox.answers import Answer, Request, json_answer
from settlement_bridge.sandbox.cursors import rewound
from settlement_bridge.sandbox.faults.fault import Fault

_HTML = (
    b"<!DOCTYPE html><html><head><title>Just a moment</title></head><body><h1>We will be back soon</h1></body></html>"
)


class AnswerKind(NamedTuple):
    """A kind of fault that makes the whole answer."""

    summary: str
    make: Callable[[Fault], Answer]
    options: tuple[str, ...] = ()


class RequestKind(NamedTuple):
    """A kind of fault that changes what was asked; None where it cannot strike."""

    summary: str
    change: Callable[[Fault, Request], Request | None]
    options: tuple[str, ...] = ()


def _too_many(fault: Fault) -> Answer:
    after = fault.options.get("retry-after")
    answer = json_answer(429, {"code": "TooManyRequests", "message": "Rate limit is exceeded. Try again later."})
    return answer if after is None else replace(answer, headers=(("Retry-After", after),))


def _server_error(status: int, fault: Fault) -> Answer:
    members = {
        "errorCode": int(fault.number("code", 10001)),
        "errorMessage": "An unknown error occurred.",
        "contextId": "123e4567-e89b-12d3-a456-426655440000",
    }
    return json_answer(status, members)


def _unauthorized(_: Fault) -> Answer:
    return json_answer(401, {"code": "Unauthorized", "message": "The access token has expired."})


def _html(fault: Fault) -> Answer:
    return Answer(int(fault.number("status", 200)), _HTML, "text/html; charset=utf-8")


def _not_found(_: Fault) -> Answer:
    members = {"type": "about:blank", "title": "No such ledgerId", "status": 404, "detail": "No such ledgerId"}
    return replace(json_answer(404, members), content_type="application/problem+json")


def _cursor_ignored(_: Fault, request: Request) -> Request | None:
    parts = urlsplit(request.target)
    query = parse_qs(parts.query, keep_blank_values=True)
    cursor = rewound(query["cursor"][-1]) if query.get("cursor") else None
    if cursor is None or cursor == query["cursor"][-1]:
        return None
    query["cursor"] = [cursor]
    return replace(request, target=parts._replace(query=urlencode(query, doseq=True)).geturl())


REQUEST_KINDS: Mapping[str, RequestKind] = {
    "repeat": RequestKind("the cursor is ignored: the first page comes again", _cursor_ignored),
}
ANSWER_KINDS: Mapping[str, AnswerKind] = {
    "401": AnswerKind(
        "every token given out so far is worthless from here on; tokens=kept: it only says so",
        _unauthorized,
        ("tokens",),
    ),
    "404": AnswerKind("No such ledgerId, though there is", _not_found),
    "429": AnswerKind("too many requests; retry-after=SECONDS", _too_many, ("retry-after",)),
    **{
        str(status): AnswerKind("server error; code=10002 for invalid input", partial(_server_error, status), ("code",))
        for status in (500, 502, 503, 504)
    },
    "html": AnswerKind("a page for people instead of JSON; status=200", _html, ("status",)),
}
