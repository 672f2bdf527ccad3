"""Stage 10: generate text from a network, character by character."""
