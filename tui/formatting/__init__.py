"""Turn values into text: units, run states, safe content, wrapping, colours."""
