"""Labelled reviews: the built-in sets, files of one's own, and the split into training, validation and test."""
