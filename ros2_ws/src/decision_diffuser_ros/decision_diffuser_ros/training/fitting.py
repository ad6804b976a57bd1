"""Fitting one network with Lightning: progress, logs, checkpoints by the clock, and resumption after a kill."""

from __future__ import annotations

import contextlib
import datetime
import logging
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch.utils.data import DataLoader, IterableDataset

from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.progress_bar import TrainingProgressBar
from decision_diffuser_ros.training.training_module import TrainingModule

CHECKPOINT_NAME = "last"
LOG_EVERY_STEPS = 50

DrawExample = Callable[[np.random.Generator, torch.Generator], Any]
"""An example for one training step, all its random choices taken from the two generators."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and how training runs; nothing here changes what is learnt.

    Attributes:
        device: `cpu` or `cuda`.
        threads: of the processor; one is best where other work shares the cores.
        progress: show a progress bar with the loss and the time left.
        checkpoint_minutes: time between checkpoints [min].
    """

    device: str = "cpu"
    threads: int = 1
    progress: bool = True
    checkpoint_minutes: float = 3.0

    def __post_init__(self) -> None:
        if self.device not in ("cpu", "cuda"):
            raise ConfigurationError(f"`device` must be cpu or cuda, got '{self.device}'")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ConfigurationError("`device` is cuda, but torch finds no CUDA device here; use cpu")
        if self.threads < 1:
            raise ConfigurationError(f"`threads` must be at least 1, got {self.threads}")


class Examples(IterableDataset):
    """The examples of a training from `first_step` on.

    Each depends on the seed and its training step alone, so a resumed training sees those it
    would have seen without the interruption.
    """

    def __init__(self, draw: DrawExample, *, seed: int, first_step: int, training_steps: int) -> None:
        self._draw, self._seed = draw, seed
        self._steps = range(first_step, training_steps)

    def __iter__(self) -> Iterator[Any]:
        for training_step in self._steps:
            rng = np.random.default_rng([self._seed, training_step])
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            yield self._draw(rng, generator)


def fit(
    module: TrainingModule,
    draw: DrawExample,
    *,
    training_steps: int,
    seed: int,
    directory: Path,
    machine: Machine,
    callbacks: tuple[Callback, ...] = (),
) -> None:
    """Train to `training_steps`, from the last checkpoint in `directory` if there is one.

    Args:
        module: the network to train; left with the trained weights.
        draw: makes the example of a training step.
        training_steps: how many in all, those before an interruption included.
        seed: of the examples.
        directory: gets `last.ckpt` and `logs/version_*/metrics.csv`, a version a start.
        machine: where to train.
        callbacks: further Lightning callbacks.

    Raises:
        ConfigurationError: the checkpoint is damaged.
        KeyboardInterrupt: on Ctrl-C; what is lost is the time since the last checkpoint.
    """
    torch.set_num_threads(machine.threads)
    checkpoint = directory / f"{CHECKPOINT_NAME}.ckpt"
    first_step = checkpointed_step(checkpoint)
    examples = Examples(draw, seed=seed, first_step=first_step, training_steps=training_steps)
    with _without_advice():
        trainer = _trainer(training_steps, directory, machine, callbacks)
        with _interruptible(trainer):
            trainer.fit(
                module,
                DataLoader(examples, batch_size=None),
                ckpt_path=checkpoint if first_step else None,
                weights_only=True,
            )
        trainer.save_checkpoint(checkpoint)


def checkpointed_step(checkpoint: Path) -> int:
    """How many training steps a checkpoint has behind it; 0 when there is none.

    Raises:
        ConfigurationError: it is damaged.
    """
    return int(read_checkpoint(checkpoint)["global_step"]) if checkpoint.is_file() else 0


def read_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """What a checkpoint holds: `global_step`, `state_dict` and what Lightning puts beside them.

    Raises:
        ConfigurationError: it is damaged.
    """
    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or not {"global_step", "state_dict"} <= content.keys():
            raise ValueError("it holds something else")
    except (RuntimeError, EOFError, LookupError, ValueError, pickle.UnpicklingError) as error:
        reason = (str(error) or "it ends too soon").split(".")[0]
        raise ConfigurationError(
            f"the checkpoint {checkpoint} is damaged: {reason}; remove it to train this network from the beginning"
        ) from error
    return content


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are there whole or not at all.

    Lightning writes in /tmp first; where that is another file system, it copies from there over the last checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint; killed meanwhile, the one before stays."""
        with whole_file(path) as partial:
            torch.save(checkpoint, partial)


def _trainer(training_steps: int, directory: Path, machine: Machine, callbacks: tuple[Callback, ...]) -> Trainer:
    log_every_steps = min(LOG_EVERY_STEPS, training_steps)
    clock_checkpoint = ModelCheckpoint(
        dirpath=directory,
        filename=CHECKPOINT_NAME,
        train_time_interval=datetime.timedelta(minutes=machine.checkpoint_minutes),
        enable_version_counter=False,
    )
    progress_bar = [TrainingProgressBar(directory.name.replace("_", " "))] if machine.progress else []
    return Trainer(
        accelerator="gpu" if machine.device == "cuda" else "cpu",
        devices=1,
        max_steps=training_steps,
        max_epochs=-1,
        limit_train_batches=training_steps,
        logger=CSVLogger(directory, name="logs", flush_logs_every_n_steps=log_every_steps),
        log_every_n_steps=log_every_steps,
        enable_progress_bar=machine.progress,
        enable_model_summary=False,
        callbacks=[clock_checkpoint, *progress_bar, *callbacks],
        plugins=[WholeCheckpoints()],
    )


@contextlib.contextmanager
def _interruptible(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt: Lightning makes an exit of it and leaves the signal ignored."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as ended:
        if not trainer.interrupted:
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from ended


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Keep Lightning's hints to itself: examples are made in this process on purpose, and resumption is tested."""
    advice = logging.getLogger("lightning.pytorch")
    level = advice.level
    advice.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\.pytorch")
        try:
            yield
        finally:
            advice.setLevel(level)
