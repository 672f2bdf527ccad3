"""Measurements for the README: what is fast, against what, on the machine at hand."""
