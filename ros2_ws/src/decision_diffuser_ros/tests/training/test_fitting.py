"""Training goes on after a kill as if nothing had happened."""

from __future__ import annotations

import logging
import signal

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training import training_run
from decision_diffuser_ros.training.fitting import Machine, checkpointed_step, fit
from decision_diffuser_ros.training.loss_plot import plot_loss, read_losses
from decision_diffuser_ros.training.training_module import TrainingModule
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import train
from decision_diffuser_ros.training.weights import load_weights
from tests.training.toy import CONFIGURATION, toy_demonstrations, write_toy_data

MACHINE = Machine(progress=False, checkpoint_minutes=0.0)  # a checkpoint at every step
STEPS = 12


class KilledError(Exception):
    """Stands for a kill in mid-training."""


class KillAt(Callback):
    def __init__(self, training_step: int, error: type[BaseException] = KilledError) -> None:
        self.training_step, self.error = training_step, error

    def on_train_batch_start(self, trainer, module, batch, batch_index) -> None:
        if trainer.global_step == self.training_step:
            raise self.error


def fit_toy(directory, *, callbacks=()) -> TrainingModule:
    record = TrainingRecord.of(toy_demonstrations(), configuration=CONFIGURATION, seed=3, provenance={})
    windows = training_run.window_batches(record, toy_demonstrations())
    torch.manual_seed(3)
    network = record.build_noise_model()
    task = training_run.denoising_task(record, network)
    module = TrainingModule(network, task.loss, optimisation=CONFIGURATION.optimisation, ema_decay=0.9)
    fit(
        module,
        lambda rng, generator: task.example(windows.draw(rng, 8), generator),
        training_steps=STEPS,
        seed=3,
        directory=directory,
        machine=MACHINE,
        callbacks=callbacks,
    )
    return module


def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(tmp_path):
    whole = fit_toy(tmp_path / "whole")
    with pytest.raises(KilledError):
        fit_toy(tmp_path / "killed", callbacks=(KillAt(7),))
    assert checkpointed_step(tmp_path / "killed" / "last.ckpt") == 7
    resumed = fit_toy(tmp_path / "killed")
    assert checkpointed_step(tmp_path / "killed" / "last.ckpt") == STEPS
    assert resumed.state_dict().keys() == whole.state_dict().keys()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0.0, atol=0.0, msg=name)


def test_a_training_that_is_killed_while_it_writes_a_checkpoint_keeps_the_one_before(tmp_path, monkeypatch):
    written = []

    def save(content, path):
        written.append(content["global_step"])
        if len(written) == 5:
            path.write_bytes(b"half of")
            raise KilledError
        torch_save(content, path)

    torch_save = torch.save
    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(KilledError):
        fit_toy(tmp_path)
    assert checkpointed_step(tmp_path / "last.ckpt") == written[3] < written[4]


@pytest.mark.parametrize("content", [b"", b"damaged", bytes(1000), None])
def test_a_damaged_checkpoint_is_refused_with_the_remedy(content, tmp_path):
    checkpoint = tmp_path / "noise_model" / "last.ckpt"
    with pytest.raises(KilledError):
        fit_toy(checkpoint.parent, callbacks=(KillAt(3),))
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2] if content is None else content)
    reason = "noise_model/last.ckpt is damaged: .*; remove it to train this network from the beginning"
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        fit_toy(checkpoint.parent)
    assert "\n" not in str(refusal.value)
    record = TrainingRecord.of(toy_demonstrations(), configuration=CONFIGURATION, seed=3, provenance={})
    with pytest.raises(ConfigurationError, match=reason):
        load_weights(record.build_noise_model(), tmp_path, "noise_model", unfinished=True)


def test_an_interrupted_training_says_so_and_can_be_interrupted_again(tmp_path):
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit_toy(tmp_path, callbacks=(KillAt(3, KeyboardInterrupt),))
    assert signal.getsignal(signal.SIGINT) is handler
    assert checkpointed_step(tmp_path / "last.ckpt") == 3


def test_the_losses_before_and_after_an_interruption_make_one_curve(tmp_path):
    with pytest.raises(KilledError):
        fit_toy(tmp_path, callbacks=(KillAt(7),))
    logs = tmp_path / "logs" / "version_0"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "metrics.csv").write_text("loss,step\n2.0,3\n1.5,6\n", encoding="utf-8")
    later = tmp_path / "logs" / "version_1"
    later.mkdir()
    (later / "metrics.csv").write_text("learning_rate,loss,step\n0.1,1.25,9\n", encoding="utf-8")
    assert read_losses(tmp_path) == ([3, 6, 9], [2.0, 1.5, 1.25])
    pytest.importorskip("matplotlib")
    assert plot_loss(tmp_path).stat().st_size > 1000


@pytest.fixture
def toy_data(tmp_path):
    return write_toy_data(tmp_path / "toy-v0")


def test_a_training_leaves_weights_logs_and_held_out_errors(toy_data, tmp_path):
    output = tmp_path / "out"
    train(toy_data, output, configuration=CONFIGURATION, seed=1, machine=MACHINE)
    for name in ("training.json", "held_out.json", "noise_model.safetensors", "inverse_dynamics.safetensors"):
        assert (output / name).is_file(), name
    steps, losses = read_losses(output / "noise_model")
    assert steps
    assert all(loss > 0.0 for loss in losses)
    record = TrainingRecord.read(output)
    assert load_weights(record.build_noise_model(), output, "noise_model") == STEPS
    assert record.provenance["torch"] == torch.__version__


def test_a_finished_training_is_not_done_again(toy_data, tmp_path, caplog):
    output = tmp_path / "out"
    train(toy_data, output, configuration=CONFIGURATION, seed=1, machine=MACHINE)
    before = (output / "noise_model.safetensors").stat().st_mtime_ns
    with caplog.at_level(logging.INFO):
        train(toy_data, output, configuration=CONFIGURATION, seed=1, machine=MACHINE)
    assert (output / "noise_model.safetensors").stat().st_mtime_ns == before
    assert "training steps" not in caplog.text


def test_another_training_in_the_same_directory_is_refused(toy_data, tmp_path):
    output = tmp_path / "out"
    train(toy_data, output, configuration=CONFIGURATION, seed=1, machine=MACHINE)
    with pytest.raises(ConfigurationError, match="another training: seed differ"):
        train(toy_data, output, configuration=CONFIGURATION, seed=2, machine=MACHINE)
    longer = CONFIGURATION.with_training_steps(13)
    with pytest.raises(ConfigurationError, match="another training: configuration differ"):
        train(toy_data, output, configuration=longer, seed=1, machine=MACHINE)


def test_unfinished_weights_are_only_given_when_asked_for(toy_data, tmp_path):
    record = TrainingRecord.of(toy_demonstrations(), configuration=CONFIGURATION, seed=3, provenance={})
    with pytest.raises(KilledError):
        fit_toy(tmp_path / "noise_model", callbacks=(KillAt(7),))
    network = record.build_noise_model()
    with pytest.raises(ConfigurationError, match="no finished weights of the noise model"):
        load_weights(network, tmp_path, "noise_model")
    assert load_weights(network, tmp_path, "noise_model", unfinished=True) == 7


def test_the_machine_is_checked():
    with pytest.raises(ConfigurationError, match="`device` must be cpu or cuda, got 'tpu'"):
        Machine(device="tpu")
    with pytest.raises(ConfigurationError, match="`threads` must be at least 1"):
        Machine(threads=0)
    if not torch.cuda.is_available():
        with pytest.raises(ConfigurationError, match="no CUDA device"):
            Machine(device="cuda")
