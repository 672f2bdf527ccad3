"""Measurements for BENCHMARKS.md: each figure next to its baseline, on this machine."""

import charloom.core  # noqa: F401 - before NumPy, which then has one thread, as in the product
