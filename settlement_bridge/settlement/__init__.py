"""From ledger entries to settlements: pure functions over streams (docs/rules.md)."""
