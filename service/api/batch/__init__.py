"""Batches without an end: rows are read, classified and answered as they come, in order, in bounded memory."""
