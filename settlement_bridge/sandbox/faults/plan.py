"""Which fault strikes which request."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Lock

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox.answers import Answer, Page, Request
from settlement_bridge.sandbox.faults.answers import ANSWER_KINDS, REQUEST_KINDS, AnswerKind, RequestKind
from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.pages import AMOUNTS, PAGE_KINDS, PageKind
from settlement_bridge.sandbox.faults.transport import TRANSPORT_KINDS, TransportKind

_Kind = AnswerKind | RequestKind | PageKind | TransportKind
_KINDS: Mapping[str, _Kind] = {**ANSWER_KINDS, **REQUEST_KINDS, **PAGE_KINDS, **TRANSPORT_KINDS}
_EVERY_OPTION = ("path", "nth", "times", "probability", "seed")
_NUMBERS = ("seconds", "hours", "at", "position", "code", "status")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_DATA = "/report/"
"""Faults of pages strike the answers with ledger data unless they name another path."""


def fault_kinds() -> Mapping[str, str]:
    """Return every kind of fault with a description of one line."""
    return {name: kind.summary for name, kind in _KINDS.items()}


def parse_fault(text: str) -> Fault:
    """Return the fault that a text such as `429:retry-after=1,nth=2,times=3,path=/funds/` asks for.

    `times=forever` never stops. Raises ConfigurationError for an unknown kind or option or a value that is no number.
    """
    kind, _, rest = text.partition(":")
    options = dict(_option(text, part) for part in rest.split(",") if part)
    common = {name: options.pop(name) for name in _EVERY_OPTION if name in options}
    try:
        fault = Fault(
            kind,
            path=common.get("path", ""),
            nth=int(common.get("nth", 1)),
            times=_times(common),
            probability=float(common["probability"]) if "probability" in common else None,
            seed=int(common.get("seed", 0)),
            options=options,
        )
    except ValueError as error:
        raise ConfigurationError([f"fault {text!r}: {error}; give a number"]) from None
    return checked(fault)


def checked(fault: Fault) -> Fault:
    """Return the fault, or raise ConfigurationError where its kind or an option is none there is."""
    if fault.kind not in _KINDS:
        raise ConfigurationError([f"there is no fault {fault.kind!r}; choose one of {', '.join(_KINDS)}"])
    known = _KINDS[fault.kind].options
    for name, value in fault.options.items():
        if name not in known:
            allowed = ", ".join((*known, *_EVERY_OPTION))
            raise ConfigurationError([f"fault {fault.kind} has no option {name!r}; it has {allowed}"])
        if name == "as" and value not in AMOUNTS:
            raise ConfigurationError([f"fault {fault.kind}: as must be one of {', '.join(AMOUNTS)}, not {value!r}"])
        if name in _NUMBERS and not _NUMBER.fullmatch(value):
            raise ConfigurationError([f"fault {fault.kind}: {name} must be a number, not {value!r}"])
    return fault


def _option(text: str, part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise ConfigurationError([f"fault {text!r}: {part!r} must have the form name=value"])
    return name.strip(), value.strip()


def _times(common: Mapping[str, str]) -> int | None:
    """Once, unless dice decide."""
    times = common.get("times", "forever" if "probability" in common else "1")
    return None if times == "forever" else int(times)


@dataclass
class _Count:
    """How often a fault could have struck, how often it did, and its dice."""

    fault: Fault
    dice: Random
    seen: int = 0
    struck: int = 0
    lock: Lock = field(default_factory=Lock)

    def may_strike(self, request: Request, otherwise: str = "") -> bool:
        return (self.fault.path or otherwise) in request.target

    def strikes(self) -> bool:
        with self.lock:
            self.seen += 1
            due = self.seen >= self.fault.nth and (self.fault.times is None or self.struck < self.fault.times)
            if due and self.fault.probability is not None:
                due = self.dice.random() < self.fault.probability
            self.struck += due
            return due


class FaultPlan:
    """The faults of a sandbox, each with its count."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._counts = [
            _Count(fault, Random(f"{index} {fault.seed}"))  # noqa: S311
            for index, fault in enumerate(map(checked, faults))
        ]

    def on_request(self, request: Request) -> Request:
        """Return the request as the API is to understand it."""
        for count in self._of(REQUEST_KINDS, request):
            changed = REQUEST_KINDS[count.fault.kind].change(count.fault, request)
            if changed is not None and count.strikes():
                request = changed
        return request

    def on_answer(self, request: Request) -> Answer | None:
        """Return an answer in the API's stead, where one is due."""
        for count in self._of(ANSWER_KINDS, request):
            if count.strikes():
                return ANSWER_KINDS[count.fault.kind].make(count.fault)
        return None

    def on_page(self, request: Request, page: Page) -> Page:
        """Return the page as it is to go out."""
        for count in self._of(PAGE_KINDS, request, _DATA):
            changed = PAGE_KINDS[count.fault.kind].change(count.fault, page)
            if changed is not None and count.strikes():
                page = changed
        return page

    def on_transport(self, request: Request) -> tuple[Fault, TransportKind] | None:
        """Return the way an answer is to be sent, where it is not the usual one."""
        for count in self._of(TRANSPORT_KINDS, request):
            if count.strikes():
                return count.fault, TRANSPORT_KINDS[count.fault.kind]
        return None

    def _of(self, kinds: Mapping[str, object], request: Request, otherwise: str = "") -> list[_Count]:
        return [c for c in self._counts if c.fault.kind in kinds and c.may_strike(request, otherwise)]
