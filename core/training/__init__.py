"""Stage 9: the training process, the only part of Charloom that imports torch."""
