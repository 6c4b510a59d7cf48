"""Certificates: desired, installed and due ones; how they are issued, installed and proven."""
