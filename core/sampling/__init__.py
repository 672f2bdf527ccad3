"""Stage 10: draw characters from what the network predicts."""
