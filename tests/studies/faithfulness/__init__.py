"""How far a trace can be trusted, on held-out reviews: `python -m tests.studies.faithfulness`."""
