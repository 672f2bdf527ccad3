"""Modal dialogs that several screens open."""
