"""The Prompt screen: write a prompt, watch the model continue it."""
