"""The database: mirrored books, payouts, settlements, deliveries."""

from settlement_bridge.store.store import Store, open_store

__all__ = ["Store", "open_store"]
