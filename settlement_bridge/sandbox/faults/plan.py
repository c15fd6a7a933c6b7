"""Which fault strikes which request."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Lock

from settlement_bridge.sandbox.answers import Answer, Page, Request
from settlement_bridge.sandbox.faults.answers import ANSWER_KINDS, REQUEST_KINDS
from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.mix import Mix
from settlement_bridge.sandbox.faults.pages import PAGE_KINDS
from settlement_bridge.sandbox.faults.parse import checked
from settlement_bridge.sandbox.faults.transport import TRANSPORT_KINDS, TransportKind

_DATA = "/report/"
"""Faults of pages strike the answers with ledger data unless they name another path."""


@dataclass
class _Count:
    """How often a fault could have struck, how often it did, and its dice."""

    fault: Fault
    dice: Random
    seen: int = 0
    struck: int = 0
    lock: Lock = field(default_factory=Lock)

    def strikes(self) -> bool:
        with self.lock:
            self.seen += 1
            due = self.seen >= self.fault.nth and (self.fault.times is None or self.struck < self.fault.times)
            if due and self.fault.probability is not None:
                due = self.dice.random() < self.fault.probability
            self.struck += due
            return due


class FaultPlan:
    """The faults of a sandbox, each with its count, and the mix that strikes besides."""

    def __init__(self, faults: Iterable[Fault], mix: Mix | None = None) -> None:
        self._counts = [
            _Count(fault, Random(f"{index} {fault.seed}"))  # noqa: S311
            for index, fault in enumerate(map(checked, faults))
        ]
        self._mix = mix

    def faced_by(self, request: Request) -> "RequestFaults":
        """Return what a request is up against; to be asked for once a request."""
        return RequestFaults(request, self._counts, self._mix.draw(request) if self._mix else None)


class RequestFaults:
    """The faults that one request may meet on its way to an answer."""

    def __init__(self, request: Request, counts: Iterable[_Count], drawn: Fault | None) -> None:
        self._request = request
        self._counts = counts
        self.drawn = drawn
        """What the mix has drawn for it."""

    def on_request(self) -> Request:
        """Return the request as the API is to understand it."""
        request = self._request
        for count, fault in self._of(REQUEST_KINDS):
            changed = REQUEST_KINDS[fault.kind].change(fault, request)
            if changed is not None and _strikes(count):
                request = changed
        return request

    def on_answer(self) -> tuple[Fault, Answer] | None:
        """Return an answer in the API's stead, where one is due."""
        for count, fault in self._of(ANSWER_KINDS):
            if _strikes(count):
                return fault, ANSWER_KINDS[fault.kind].make(fault)
        return None

    def on_page(self, page: Page) -> Page:
        """Return the page as it is to go out."""
        for count, fault in self._of(PAGE_KINDS, _DATA):
            changed = PAGE_KINDS[fault.kind].change(fault, page)
            if changed is not None and _strikes(count):
                page = changed
        return page

    def on_transport(self) -> tuple[Fault, TransportKind] | None:
        """Return the way an answer is to be sent, where it is not the usual one."""
        for count, fault in self._of(TRANSPORT_KINDS):
            if _strikes(count):
                return fault, TRANSPORT_KINDS[fault.kind]
        return None

    def _of(self, kinds: Mapping[str, object], otherwise: str = "") -> Iterator[tuple[_Count | None, Fault]]:
        """Yield the faults of some kinds that are for this request; with their count, unless the mix drew them."""
        for count in self._counts:
            if count.fault.kind in kinds and (count.fault.path or otherwise) in self._request.target:
                yield count, count.fault
        if self.drawn and self.drawn.kind in kinds and otherwise in self._request.target:
            yield None, self.drawn


def _strikes(count: _Count | None) -> bool:
    return count is None or count.strikes()
