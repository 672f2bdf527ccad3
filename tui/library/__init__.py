"""The Library screen: stored generations and models."""
