"""Streams of random numbers of an episode, apart from the environment's own, which is that of the bare seed.

An environment draws the floor's friction and the start from its seed. Were what is asked drawn from the same stream,
each speed would come with a friction of its own, and a fast gait on a slippery floor would never be seen.
"""

ASKED_STREAM = 1
"""Of what is asked, and of pushes: `numpy.random.default_rng([seed, ASKED_STREAM])`. Not 0: the bare seed's own."""
DRIVER_STREAM = 2
"""Of who drives, where expressions are asked: the planner's noise and choices, the expert's phase."""
SENSOR_STREAM = 3
"""Of the noise of sensors."""
