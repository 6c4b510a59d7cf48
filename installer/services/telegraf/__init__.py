"""Telegraf."""
