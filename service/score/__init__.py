"""Scoring of files of any size: read in blocks, scored in worker processes, kept part by part, joined at the end."""
