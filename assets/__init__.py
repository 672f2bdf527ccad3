"""What ships with Charloom: a text to train on, a model to talk with."""
