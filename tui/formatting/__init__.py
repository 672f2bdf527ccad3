"""Convert values to text: units, run status, safe content, wrapping, colours."""
