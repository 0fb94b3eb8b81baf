"""Traces on the wire: what may be asked for, what is answered, and how its numbers are written."""
