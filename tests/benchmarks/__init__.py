"""Gatescope side by side with other model servers: same cores, same weights, same words, same reviews."""
