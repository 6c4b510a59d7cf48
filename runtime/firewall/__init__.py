"""The firewall: a table of our own in nftables, kept equal to what the settings and application files say."""
