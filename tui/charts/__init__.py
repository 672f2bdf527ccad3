"""Loss charts, drawn with characters."""
