"""Noise schedule, guidance and samplers: pure functions on arrays."""
