"""Charloom as its user meets it: the commands and the screens, a thin shell around ``core``."""
