"""Training runs: folder, configuration, events, commands and status."""
