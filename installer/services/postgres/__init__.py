"""Postgres: its prompt, databases for applications, and upgrades to another major version."""
