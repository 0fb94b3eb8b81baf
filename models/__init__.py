"""What a review classifier is, and what happened inside it. NumPy; importing it never imports torch."""
