"""What `decision-diffuser evaluate` can measure: one module an experiment, with a function of the same name."""
