"""Conversations packed into rows of token ids. Batch i of a seed is the same everywhere, in whatever process it is made."""
import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import chat
from data.conversations import conversation
from vocabulary import PAD, Vocabulary

OTHER_WEIGHT = 0.1
"""How much the loss cares for text that the model does not write itself."""


def training_text(vocabulary, rng):
    return vocabulary.encode_pieces(chat.render(chat.with_call_names(conversation(rng))))


class Batches(Dataset):
    def __init__(self, path, seed, rows, length, count):
        self.path, self.seed, self.rows, self.length, self.count = path, seed, rows, length, count
        self.vocabulary = None

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        if self.vocabulary is None:                    # once in each worker
            self.vocabulary = Vocabulary.load(self.path)
        rng = random.Random(f"batch {self.seed} {i}")
        shape = (self.rows, self.length + 1)
        ids, weights = np.full(shape, PAD, np.int64), np.zeros(shape, np.float32)
        documents, positions = np.full(shape, -1, np.int64), np.zeros(shape, np.int64)
        filled, number, misses = [0] * self.rows, 0, 0
        while misses < 3:
            tokens, trained = training_text(self.vocabulary, rng)
            n = len(tokens)
            row = next((r for r in range(self.rows) if filled[r] + n <= self.length + 1), None)
            if row is None:
                misses += 1
                continue
            place = slice(filled[row], filled[row] + n)
            ids[row, place], documents[row, place], positions[row, place] = tokens, number, np.arange(n)
            weights[row, place] = np.where(trained, 1.0, OTHER_WEIGHT)
            weights[row, filled[row]] = 0              # nothing foretells the start of a document
            filled[row] += n
            number += 1
        return (torch.from_numpy(ids[:, :-1].copy()), torch.from_numpy(ids[:, 1:].copy()),
                torch.from_numpy(weights[:, 1:].copy()),
                torch.from_numpy(documents[:, :-1].copy()), torch.from_numpy(positions[:, :-1].copy()))


def loader(path, seed, rows, length, count, workers):
    more = {"num_workers": workers, "prefetch_factor": 8} if workers else {}
    return DataLoader(Batches(path, seed, rows, length, count), batch_size=None, shuffle=False,
                      pin_memory=torch.cuda.is_available(), **more)
