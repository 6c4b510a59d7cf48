"""Certificates on disk and in the running proxies: read, made, installed, proven."""
