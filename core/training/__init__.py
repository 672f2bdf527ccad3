"""Stage 9: the training process. Only this package, model.torch_lstm and data.dataset import torch."""
