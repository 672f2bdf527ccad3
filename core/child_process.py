"""The environment of child processes that import torch."""

CHILD_ENVIRONMENT = {"GOMP_SPINCOUNT": "10000"}
"""For every process that imports torch, which reads it then: a thread that waits for another spins
briefly and sleeps, so that a busy neighbour does not stall both."""
