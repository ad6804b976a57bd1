"""Demonstrations: on disk, in memory, as training windows."""
