"""Measurements for the README: what is fast, against what, on the machine at hand."""

import charloom.core  # noqa: F401 - before NumPy, which then has one thread, as in the product
