"""Addresses, interfaces and routes of the kernel."""
