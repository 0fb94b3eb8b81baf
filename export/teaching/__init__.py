"""Teach a network more than its labels say: texts made from reviews, a teacher that judges them, known sentences."""
