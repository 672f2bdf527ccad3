"""Stages 7 and 8: the network in torch and in NumPy, and its checkpoint file."""
