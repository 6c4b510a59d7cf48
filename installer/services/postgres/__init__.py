"""Postgres as a default service: its prompt, databases for applications, and its way to another major version."""
