"""Alembic: creates the tables, upgrades them."""
