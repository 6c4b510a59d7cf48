"""Removing an instance from its host."""
