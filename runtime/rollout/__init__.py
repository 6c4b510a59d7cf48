"""Replacing a version: the new replica beside the old one, or instead of it."""
