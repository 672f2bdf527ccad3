"""Stages 7 and 8: the network in PyTorch and in NumPy, and its checkpoint files."""
