"""A Report API in a box, over real HTTP on loopback."""

from settlement_bridge.sandbox.faults import Fault, fault_kinds, parse_fault
from settlement_bridge.sandbox.recorded import recorded
from settlement_bridge.sandbox.scenarios import scenario, scenarios
from settlement_bridge.sandbox.server import Sandbox
from settlement_bridge.sandbox.tokens import Keys
from settlement_bridge.sandbox.world import World

__all__ = ["Fault", "Keys", "Sandbox", "World", "fault_kinds", "parse_fault", "recorded", "scenario", "scenarios"]
