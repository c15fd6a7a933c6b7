"""A Report API in a box, over real HTTP on loopback."""

from settlement_bridge.sandbox.faults import GROUPS, Fault, Mix, fault_kinds, parse_fault, parse_mix
from settlement_bridge.sandbox.recorded import recorded
from settlement_bridge.sandbox.registers import register_addresses
from settlement_bridge.sandbox.scenarios import scenario, scenarios
from settlement_bridge.sandbox.server import Sandbox
from settlement_bridge.sandbox.tokens import Keys
from settlement_bridge.sandbox.world import World

__all__ = [
    "GROUPS",
    "Fault",
    "Keys",
    "Mix",
    "Sandbox",
    "World",
    "fault_kinds",
    "parse_fault",
    "parse_mix",
    "recorded",
    "register_addresses",
    "scenario",
    "scenarios",
]
