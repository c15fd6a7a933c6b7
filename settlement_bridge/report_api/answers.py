"""What the API says when it says no, in words for a person."""

from typing import Any

import orjson

from settlement_bridge.report_api.transport import Answer

INVALID_INPUT = 10002
LONGEST_QUOTE = 300
SPOKEN = ("title", "detail", "errorMessage", "message", "error", "error_description")


def problem(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an error answer; empty when it has none."""
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def words(answer: Answer, secrets: tuple[str, ...] = ()) -> str:
    """Return status, title, detail, error code and contextId of an error answer, with secrets blotted out."""
    details = problem(answer)
    parts = [str(details[key]) for key in SPOKEN if isinstance(details.get(key), str) and details[key]]
    parts += [f"{key} {details[key]}" for key in ("errorCode", "contextId") if details.get(key)]
    if not parts:
        parts = [f"no explanation, {answer.headers.get('Content-Type', 'no content type')}"]
    return f"{answer.status} ({quoted(', '.join(parts), secrets)})"


def quoted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return foreign text on one line, without control characters or secrets, cut to a readable length."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE] + "…"
