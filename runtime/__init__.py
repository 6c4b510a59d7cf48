"""What runs on the host every minute: start, stop, reload and the plan they share. Never imports `installer`."""
