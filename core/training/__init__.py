"""Stage 9: the training process. Apart from it, only torch_lstm and dataset import torch."""
