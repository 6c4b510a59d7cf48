"""Certificates: what is wanted, what is there, what is due; asked for, installed and proven."""
