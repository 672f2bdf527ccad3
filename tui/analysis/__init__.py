"""Screens that look into models: inspector, comparison, growth."""
