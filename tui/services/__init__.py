"""Shared by several screens: runs, preferences, loaded models, background work."""
