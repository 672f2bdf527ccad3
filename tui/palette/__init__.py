"""The command palette: one search for actions, models, runs, texts, settings and help."""
