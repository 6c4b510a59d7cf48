"""The VPN: its keys, its clients, and the files that WireGuard reads."""
