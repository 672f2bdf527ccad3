"""Bundled files: a text to train on and a trained model."""
