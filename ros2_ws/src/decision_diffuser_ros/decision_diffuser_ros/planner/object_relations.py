"""What a state with objects is read by: the names of objects, when one is above another, when the gripper is open."""

from collections.abc import Sequence

OPENING = "gripper/opening"
"""The state entry of the gripper's opening [m]."""
HEIGHT_MARGIN = 0.025
"""By which the centre of what is above something is higher [m]: half a block."""
OPEN_ABOVE = 0.06
"""Opening at which the gripper holds nothing [m]."""


def object_index(word: str, object_names: Sequence[str]) -> int | None:
    """The index of the only object of this name, or of a name that ends so: `block_red` is `red` for short."""
    found = [index for index, name in enumerate(object_names) if name == word or name.endswith(f"_{word}")]
    return found[0] if len(found) == 1 else None
