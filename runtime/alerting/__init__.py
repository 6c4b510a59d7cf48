"""Checks, incidents and their notifications."""
