"""Trained weights on disk: safetensors when training has ended, a checkpoint until then."""

from __future__ import annotations

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.fitting import CHECKPOINT_NAME, read_checkpoint

AVERAGED_PREFIX = "averaged.module."


def weights_path(directory: str | Path, name: str) -> Path:
    """Where the finished weights of the network `name` lie in a training directory."""
    return Path(directory) / f"{name}.safetensors"


def save_weights(network: nn.Module, directory: str | Path, name: str, *, training_steps: int) -> None:
    """Write the finished weights of a network."""
    with whole_file(weights_path(directory, name)) as partial:
        state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
        save_file(state, partial, metadata={"training_steps": str(training_steps)})


def load_weights(network: nn.Module, directory: str | Path, name: str, *, unfinished: bool = False) -> int:
    """Give a network its trained weights, the moving average.

    Args:
        network: of the right sizes; changed in place.
        directory: the training directory.
        name: `noise_model` or `inverse_dynamics`.
        unfinished: take the last checkpoint where training has not ended.

    Returns:
        Training steps behind the weights.

    Raises:
        ConfigurationError: when there are no such weights, or the checkpoint is damaged.
    """
    finished = weights_path(directory, name)
    checkpoint = Path(directory) / name / f"{CHECKPOINT_NAME}.ckpt"
    if finished.is_file():
        network.load_state_dict(load_file(finished))
        return training_steps_of(finished)
    if not unfinished or not checkpoint.is_file():
        raise ConfigurationError(
            f"'{directory}' has no finished weights of the {name.replace('_', ' ')} ({finished.name}); "
            "run the same `decision-diffuser train` again: it goes on where it stopped"
        )
    content = read_checkpoint(checkpoint)
    state = {
        key.removeprefix(AVERAGED_PREFIX): value
        for key, value in content["state_dict"].items()
        if key.startswith(AVERAGED_PREFIX)
    }
    network.load_state_dict(state)
    return int(content["global_step"])


def training_steps_of(finished: Path) -> int:
    """Training steps behind a safetensors file of ours."""
    with safe_open(finished, framework="pt") as file:
        return int(file.metadata()["training_steps"])
