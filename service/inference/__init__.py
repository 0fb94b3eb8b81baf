"""What is served, and the way from a text to an answer."""
