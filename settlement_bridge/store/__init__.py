"""The database: mirrored books, payouts, settlements, deliveries."""
