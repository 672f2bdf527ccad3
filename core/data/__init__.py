"""Stages 1 to 6: a text, its characters, vocabulary, ids, windows and batches."""
