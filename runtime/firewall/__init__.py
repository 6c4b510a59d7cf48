"""The firewall: a table of our own in nftables, kept equal to the settings and application files."""
