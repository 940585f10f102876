"""What a link is made of, and what may be wrong with it."""
