"""Stage 1: reviews in, verified bundle out."""
