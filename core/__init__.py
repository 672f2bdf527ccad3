"""Charloom's core: from a text to a character-level LSTM and back to text, with no user interface.

The ten stages, and the file in which each of them is:

1.  load text                        ``core/data/corpus.py``: ``load``
2.  characters                       ``core/data/corpus.py``: ``Corpus.text`` (code points)
3.  vocabulary ``c2ix`` / ``ix2c``   ``core/data/vocab.py``: ``Vocab``
4.  ids                              ``core/data/vocab.py``: ``Vocab.encode``
5.  sliding windows, labels shifted  ``core/data/dataset.py``: ``WindowDataset``
6.  DataLoader ``[B, T]``            ``core/data/dataset.py``: ``batches``
7.  Embedding → LSTM → Linear        ``core/model/torch_lstm.py``: ``CharLSTM``
8.  cross-entropy on ``[B*T, V]``    ``core/model/torch_lstm.py``: ``cross_entropy``
9.  forward, loss, backward, step    ``core/training/step.py``: ``Stepper.step``
10. generation by sampling           ``core/sampling/sampler.py``: ``Sampler``

The names in ``__all__`` are the public interface for scripts. Each is imported when it is first
used, so that importing a module of the core does not import the others.
"""

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charloom.core.analysis.scoring import Score, score
    from charloom.core.config import ModelConfig, TrainConfig
    from charloom.core.data.catalog import load_text
    from charloom.core.data.corpus import Corpus
    from charloom.core.data.vocab import Vocab
    from charloom.core.errors import CharloomError
    from charloom.core.model.numpy_lstm import NumpyLSTM
    from charloom.core.runs.events import Event, Finished, Progress, Validated
    from charloom.core.runs.trainer import train_model
    from charloom.core.sampling.completion import generate
    from charloom.core.sampling.config import SamplingConfig
    from charloom.core.sampling.sampler import Sampler
    from charloom.core.store.read import list_models, load_network

__all__ = [
    "CharloomError",
    "Corpus",
    "Event",
    "Finished",
    "ModelConfig",
    "NumpyLSTM",
    "Progress",
    "Sampler",
    "SamplingConfig",
    "Score",
    "TrainConfig",
    "Validated",
    "Vocab",
    "generate",
    "list_models",
    "load_network",
    "load_text",
    "score",
    "train_model",
]

_MODULES = {
    "analysis.scoring": ("Score", "score"),
    "config": ("ModelConfig", "TrainConfig"),
    "data.catalog": ("load_text",),
    "data.corpus": ("Corpus",),
    "data.vocab": ("Vocab",),
    "errors": ("CharloomError",),
    "model.numpy_lstm": ("NumpyLSTM",),
    "runs.events": ("Event", "Finished", "Progress", "Validated"),
    "runs.trainer": ("train_model",),
    "sampling.completion": ("generate",),
    "sampling.config": ("SamplingConfig",),
    "sampling.sampler": ("Sampler",),
    "store.read": ("list_models", "load_network"),
}

# NumPy's matrix products use one thread by default: two wait for each other, and for a training run
# on the same cores. The variable is read when NumPy is loaded; scoring has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"charloom.core.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
