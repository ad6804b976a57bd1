"""A whole training: inverse dynamics, then the noise model, each taken up where it was left.

OUTPUT/training.json                     what is trained, on what
OUTPUT/{inverse_dynamics,noise_model}/   last.ckpt, logs/version_*/metrics.csv, loss.png
OUTPUT/inverse_dynamics.safetensors      finished weights (moving averages)
OUTPUT/noise_model.safetensors
OUTPUT/held_out.json                     errors on the episodes that were held out
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.action_states import with_actions_in_states
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import read_metadata
from decision_diffuser_ros.data.labels import NUMBER_EXTRAS
from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.training.configuration import (
    DataConfiguration,
    OptimisationConfiguration,
    TrainingConfiguration,
)
from decision_diffuser_ros.training.denoising_task import DenoisingTask
from decision_diffuser_ros.training.fitting import DrawExample, Machine, fit
from decision_diffuser_ros.training.held_out import inverse_dynamics_error, noise_model_loss
from decision_diffuser_ros.training.inverse_dynamics_task import InverseDynamicsTask
from decision_diffuser_ros.training.loss_plot import plot_loss
from decision_diffuser_ros.training.mirror import Mirror
from decision_diffuser_ros.training.planned_changes import PlannedChanges, usual_change
from decision_diffuser_ros.training.training_data import (
    DISTURBED,
    DRIVEN_BY_LEARNER,
    TransitionBatches,
    WindowBatches,
    split_off_last,
)
from decision_diffuser_ros.training.training_module import TrainingModule
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.weights import load_weights, save_weights, weights_path

NOISE_MODEL, INVERSE_DYNAMICS = "noise_model", "inverse_dynamics"
HELD_OUT_FILE = "held_out.json"
CHANGE_WINDOWS = 10_000
"""Windows that the unit of planned changes is measured on, at most."""

logger = logging.getLogger(__name__)


def train(
    data_directory: str | Path,
    output: str | Path,
    *,
    configuration: TrainingConfiguration,
    seed: int,
    machine: Machine,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Train both networks; run again after an interruption, it goes on where it stopped.

    Args:
        data_directory: a merged data set, see `data.demonstrations`.
        output: the training directory.
        configuration: what to train.
        seed: of weights, batches and noise.
        machine: where to train.
        provenance: facts on this run for the record.

    Raises:
        DataError: when the data is not there or not usable.
        ConfigurationError: when `output` holds another training.
    """
    output = Path(output)
    demonstrations = load_demonstrations(data_directory, configuration.data)
    record = TrainingRecord.of(
        demonstrations, configuration=configuration, seed=seed, provenance={**(provenance or {}), **library_versions()}
    )
    record.write_or_continue(output)
    used, held_out = split_off_last(demonstrations, configuration.data.held_out_share)
    inverse_dynamics = _train_inverse_dynamics(record, used, output, machine)
    noise_model = _train_noise_model(record, used, output, machine)
    if held_out is not None:
        _measure(record, held_out, noise_model, inverse_dynamics, output)


def load_demonstrations(data_directory: str | Path, configuration: DataConfiguration) -> DemonstrationSet:
    """The demonstrations with what a training of this configuration needs of them. Raises DataError."""
    extras = [name for kind in configuration.conditions for name in NUMBER_EXTRAS.get(kind, ())]
    extras += [DISTURBED] if configuration.undisturbed_plans else []
    extras += [DRIVEN_BY_LEARNER] if "learner" in read_metadata(data_directory)["attributes"] else []
    demonstrations = DemonstrationSet.load(data_directory, extras=extras)
    return with_actions_in_states(demonstrations) if configuration.diffuse_actions else demonstrations


def library_versions() -> dict[str, str]:
    """Versions of the libraries that decide what a training makes, for its provenance."""
    return {"torch": torch.__version__, "lightning": lightning.__version__, "numpy": np.__version__}


def window_batches(record: TrainingRecord, demonstrations: DemonstrationSet) -> WindowBatches:
    """The windows of demonstrations as a training sees them."""
    data = record.configuration.data
    mirror = None
    if data.mirrored:
        names = [entry.name for entry in record.description.state]
        mirror = Mirror(data.mirrored, exchanged=data.exchanged, state_names=names, normaliser=record.normaliser)
    return WindowBatches.of(
        demonstrations,
        normaliser=record.normaliser,
        configuration=data,
        mirror=mirror,
        kinds=record.kinds,
        step_duration=record.description.step_duration,
    )


def denoising_task(record: TrainingRecord, network: nn.Module) -> DenoisingTask:
    """The noise model's task as a training sets it, errors in the unit of the network's answers."""
    data = record.configuration.data
    return DenoisingTask(
        record.configuration.diffusion,
        history=data.history,
        plan_steps=data.plan_steps,
        has_outcome=data.outcome,
        kind_count=len(data.conditions),
        error_scale=network.change_scale if isinstance(network, PlannedChanges) else None,
        target_entries=[entry for entry in record.description.target_positions if entry is not None],
        state_dim=len(record.description.state),
    )


def _train_noise_model(
    record: TrainingRecord, demonstrations: DemonstrationSet, output: Path, machine: Machine
) -> nn.Module:
    windows = window_batches(record, demonstrations)
    settings = record.configuration.optimisation
    logger.info("noise model: %d windows, %d just after a switch", len(windows), len(windows.after_switch))

    with torch.random.fork_rng():
        torch.manual_seed(record.seed)
        network = record.build_noise_model()
    if isinstance(network, PlannedChanges):
        network.set_unit(_usual_change(record, windows))
    task = denoising_task(record, network)

    def draw(rng: np.random.Generator, generator: torch.Generator) -> Any:
        return task.example(windows.draw(rng, settings.batch_size), generator)

    return train_network(NOISE_MODEL, network, task.loss, draw, record, settings, output, machine)


def _usual_change(record: TrainingRecord, windows: WindowBatches) -> Tensor:
    """The unit of planned changes, `(planned_slots, state_dim)`, from evenly spread windows."""
    spread = torch.linspace(0, len(windows) - 1, min(len(windows), CHANGE_WINDOWS)).long()
    trajectories = windows.gather(spread)["trajectory"]
    return usual_change(
        trajectories, history=record.configuration.data.history, floor=record.configuration.network.change_floor
    )


def _train_inverse_dynamics(
    record: TrainingRecord, demonstrations: DemonstrationSet, output: Path, machine: Machine
) -> nn.Module:
    transitions = TransitionBatches.of(demonstrations)
    task = InverseDynamicsTask(input_noise=record.configuration.inverse_dynamics.input_noise)
    settings = record.configuration.inverse_dynamics_optimisation

    def draw(rng: np.random.Generator, generator: torch.Generator) -> Any:
        return task.example(transitions.draw(rng, settings.batch_size), generator)

    with torch.random.fork_rng():
        torch.manual_seed(record.seed)
        network = record.build_inverse_dynamics()
    return train_network(INVERSE_DYNAMICS, network, task.loss, draw, record, settings, output, machine)


def train_network(
    name: str,
    network: nn.Module,
    loss: Any,
    draw: DrawExample,
    record: TrainingRecord,
    settings: OptimisationConfiguration,
    output: Path,
    machine: Machine,
) -> nn.Module:
    """The trained network (moving average), from its file if it is finished.

    Args:
        name: of the network; its folder and its file in `output` are called so.
        network: with the weights to start from.
        loss: of a network on an example.
        draw: makes the example of a training step.
        record: of the training; gives the seed and the moving average.
        settings: how long and how fast.
        output: the training directory.
        machine: where to train.
    """
    if weights_path(output, name).is_file():
        load_weights(network, output, name)
        return network.eval()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    logger.info("%s: %d parameters, %d training steps", name, parameters, settings.training_steps)
    ema_decay = record.configuration.diffusion.ema_decay
    module = TrainingModule(network, loss, optimisation=settings, ema_decay=ema_decay)
    fit(
        module,
        draw,
        training_steps=settings.training_steps,
        seed=record.seed,
        directory=output / name,
        machine=machine,
    )
    save_weights(module.averaged_network, output, name, training_steps=settings.training_steps)
    plot_loss(output / name)
    return module.averaged_network.cpu().eval()


def _measure(
    record: TrainingRecord,
    held_out: DemonstrationSet,
    noise_model: nn.Module,
    inverse_dynamics: nn.Module,
    output: Path,
) -> None:
    """Write the errors on held-out episodes."""
    errors = {
        "episodes": len(held_out.lengths),
        "noise_model_loss": noise_model_loss(
            noise_model, denoising_task(record, noise_model), window_batches(record, held_out), seed=record.seed
        ),
        "inverse_dynamics_rmse": inverse_dynamics_error(inverse_dynamics, TransitionBatches.of(held_out)),
    }
    write_held_out(errors, output)


def write_held_out(errors: Mapping[str, Any], output: Path) -> None:
    """Write `held_out.json` into a training directory."""
    with whole_file(output / HELD_OUT_FILE) as partial:
        partial.write_text(json.dumps(errors, indent=1) + "\n", encoding="utf-8")
