"""How far a trace's account of a verdict can be trusted, on held-out reviews: `python -m export.faithfulness`."""
