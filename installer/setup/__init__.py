"""Setup: the wizard, its answers, its plan, and bringing the instance up."""
