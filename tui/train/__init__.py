"""The Train screen: start runs, follow them, plot their losses."""
