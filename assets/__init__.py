"""What ships with Charloom: a text to train on and a model to talk with. Read with ``importlib.resources``."""
