"""Stage 2: a bundle in, answers out. Never imports torch."""
