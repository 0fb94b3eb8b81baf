"""What a word is, where it stands in a text, and the vocabulary that turns words into ids."""
