"""Teach a classifier: batches, word vectors, the training loop, linear models beside it, and how well each does."""
