"""The database: layouts, bulk, plans, reservations, feeds and events."""
