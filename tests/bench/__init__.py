"""Measurements for the README: what is fast, against what, on the machine at hand."""

import os

# Before NumPy is imported: its products are small here, and a second thread for each of them
# gains little on an idle machine and loses much on a busy one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
