"""Charloom's core: from a text to a character LSTM and back to text, no screen in sight.

The ten stages, and the room in which each of them lives:

1.  load text                        ``corpus.load``
2.  characters                       ``corpus.Corpus.text`` (code points, not bytes)
3.  vocabulary ``c2ix`` / ``ix2c``   ``vocab.Vocab``
4.  ids                              ``vocab.Vocab.encode``
5.  sliding windows, labels shifted  ``windows.WindowDataset``
6.  DataLoader ``[B, T]``            ``windows.batches``
7.  Embedding → LSTM → Linear        ``model.CharLSTM``
8.  cross-entropy on ``[B*T, V]``    ``model.cross_entropy``
9.  forward, loss, backward, step    ``training.step.Stepper.step``
10. generation by sampling           ``sampling.Sampler``
"""

import os

# One thread for NumPy's matrix products, unless told: two wait for each other, and beside a busy
# training run they wait long. Read once, when NumPy is loaded; scoring has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
