"""Every error this package raises on purpose, under one root.

A message says what was wrong, the value that was given, what is accepted, and where it helps, the remedy.
Catch `DecisionDiffuserError` to catch them all; anything else that escapes is a defect of the package.
"""


class DecisionDiffuserError(Exception):
    """Root of all errors of this package."""


class BundleError(DecisionDiffuserError):
    """A model bundle is missing, damaged, or not what its manifest says."""


class ConditionError(DecisionDiffuserError):
    """A condition (skill, constraint, return) is unknown to the model or has no valid value."""


class ConfigurationError(DecisionDiffuserError):
    """A setting, a parameter or a configuration file has a value that is not accepted."""


class DataError(DecisionDiffuserError):
    """Demonstrations are missing, damaged, or do not have the expected layout."""


class StateError(DecisionDiffuserError):
    """An observed state has the wrong size or holds values that are not finite."""


class PlanError(DecisionDiffuserError):
    """No usable plan: sampling went wrong, no plan has arrived, or the last one is exhausted."""


class CommandLineError(DecisionDiffuserError):
    """The command line was given a value that it does not accept."""
