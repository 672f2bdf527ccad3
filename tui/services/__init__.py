"""What several screens share: runs, preferences, loaded models, background work."""
