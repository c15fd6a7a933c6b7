"""Faults and mixes of faults, as a person writes them."""

import re
from collections.abc import Mapping
from typing import TypeVar

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.sandbox.faults.answers import ANSWER_KINDS, REQUEST_KINDS, AnswerKind, RequestKind
from settlement_bridge.sandbox.faults.fault import Fault
from settlement_bridge.sandbox.faults.mix import GROUPS, USUAL_RATE, Mix
from settlement_bridge.sandbox.faults.pages import AMOUNTS, PAGE_KINDS, PageKind
from settlement_bridge.sandbox.faults.transport import TRANSPORT_KINDS, TransportKind

Number = TypeVar("Number", int, float)
_Kind = AnswerKind | RequestKind | PageKind | TransportKind
_KINDS: Mapping[str, _Kind] = {**ANSWER_KINDS, **REQUEST_KINDS, **PAGE_KINDS, **TRANSPORT_KINDS}
_EVERY_OPTION = ("path", "nth", "times", "probability", "seed")
_NUMBERS = ("seconds", "hours", "at", "position", "code", "status")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_PLACE = re.compile(r"[0-9]{1,9}|[0-9]{1,2}(\.[0-9]{1,9})?%")
_ITEM = re.compile(r"(?P<name>[a-z0-9-]+)(:(?P<rate>[01]?(\.[0-9]{1,9})?))?")


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
            nth=_number("nth", common.get("nth", "1"), int),
            times=_times(common),
            probability=_number("probability", common["probability"], float) if "probability" in common else None,
            seed=_number("seed", common.get("seed", "0"), int),
            options=options,
        )
    except ValueError as error:
        raise ConfigurationError([f"fault {text!r}: {error}; give a number"]) from None
    return checked(fault)


def checked(fault: Fault) -> Fault:
    """Return the fault, or raise ConfigurationError where its kind or an option is none there is."""
    if fault.kind not in _KINDS:
        raise ConfigurationError([f"there is no fault {fault.kind!r}; choose one of {', '.join(_KINDS)}"])
    if fault.nth < 1 or (fault.times is not None and fault.times < 1):
        raise ConfigurationError([f"fault {fault.kind}: nth and times are counted from 1"])
    if fault.probability is not None and not 0 <= fault.probability <= 1:
        raise ConfigurationError([f"fault {fault.kind}: probability is a share from 0 to 1, not {fault.probability}"])
    known = _KINDS[fault.kind].options
    for name, value in fault.options.items():
        if name not in known:
            allowed = ", ".join((*known, *_EVERY_OPTION))
            raise ConfigurationError([f"fault {fault.kind} has no option {name!r}; it has {allowed}"])
        if name == "as" and value not in AMOUNTS:
            raise ConfigurationError([f"fault {fault.kind}: as must be one of {', '.join(AMOUNTS)}, not {value!r}"])
        if name in _NUMBERS and not (_PLACE if name == "at" else _NUMBER).fullmatch(value):
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
    return None if times == "forever" else _number("times", times, int)


def _number(name: str, value: str, kind: type[Number]) -> Number:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{name} is {value!r}") from None


def parse_mix(text: str, seed: int = 0) -> Mix:
    """Return the mix that a text such as `429,reset,cut:0.1` asks for: names of kinds or groups, each with a rate.

    A rate is the share of requests that are struck, 0.05 where left out; the kinds of a group share it. Raises
    ConfigurationError for a name that is none, a rate that is none, and rates of more than 1 together.
    """
    rates: dict[str, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, rate = _item(item)
        members = GROUPS.get(name, (name,))
        if members[0] not in _KINDS:
            names = ", ".join((*GROUPS, *_KINDS))
            raise ConfigurationError([f"there is no fault {name!r} to mix; choose of {names}"])
        for kind in members:
            rates[kind] = rates.get(kind, 0.0) + rate / len(members)
    if not rates:
        raise ConfigurationError(["a mix of faults needs a kind at least, e.g. 429,reset,cut:0.1"])
    if sum(rates.values()) > 1 + 1e-9:
        raise ConfigurationError([f"the faults {text!r} strike more often than there are requests: lower the rates"])
    return Mix(rates, seed)


def _item(text: str) -> tuple[str, float]:
    found = _ITEM.fullmatch(text)
    rate = USUAL_RATE if found and found["rate"] is None else float(found["rate"] or "nan") if found else float("nan")
    if not found or not 0 < rate <= 1:
        raise ConfigurationError([f"fault {text!r}: write KIND:RATE with a rate above 0 and up to 1, e.g. cut:0.1"])
    return found["name"], rate
