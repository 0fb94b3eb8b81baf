"""A trained model on disk: its manifest, its files, and the repository of versions."""
