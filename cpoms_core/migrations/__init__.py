"""Bringing a database up to date: the core's tables, then each module's, then what guards them."""
