"""What a user runs: the wizard and the commands. It may import `runtime`, never the other way round."""
