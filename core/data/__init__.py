"""Stages 1 to 6: from a text to its characters, vocabulary, ids, windows and batches."""
