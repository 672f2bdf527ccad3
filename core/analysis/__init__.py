"""Measure and explain models: scores, baselines, activations, memorization."""
