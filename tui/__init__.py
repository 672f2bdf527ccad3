"""The user interface: the commands and the app."""
