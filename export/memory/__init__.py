"""How far back a network remembers: gated cells beside the plain one, on real reviews."""
