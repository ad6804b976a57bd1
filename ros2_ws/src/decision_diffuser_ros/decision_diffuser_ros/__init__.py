"""Diffusion planning for robots on ROS 2: one trained model, skills and constraints composed at run time."""
