"""Training runs seen from outside: folder, settings, events, commands, state."""
