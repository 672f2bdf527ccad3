"""The tour: the ten stages on the user's own text and model."""
