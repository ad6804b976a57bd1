"""Closed-loop evaluation: who drives, what was seen, how it scores, how it looks."""
