"""From a training to a bundle: ONNX graphs and manifest, compared with torch before they are handed over."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.whole_file import whole_files
from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.manifest import DENOISER_FILE, INVERSE_DYNAMICS_FILE, Manifest
from decision_diffuser_ros.planner.manifest_records import FileRecord, NormaliserRecord, ScheduleRecord
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME
from decision_diffuser_ros.training.graph_comparison import check_against_torch
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import HELD_OUT_FILE, INVERSE_DYNAMICS, NOISE_MODEL
from decision_diffuser_ros.training.weights import load_weights

OPSET = 18


@dataclasses.dataclass(frozen=True)
class Graph:
    """A network on its way to ONNX.

    Attributes:
        network: in evaluation mode.
        inputs: example inputs, batch of 2, by the names that the graph will have.
        output: name of the output.
    """

    network: nn.Module
    inputs: Mapping[str, Tensor]
    output: str

    def write(self, path: Path) -> None:
        """Write the graph to one file, its batch size free.

        The classic exporter does it in a second; the newer one takes 20, and the graphs run equally fast.
        """
        names = list(self.inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                self.network,
                tuple(self.inputs.values()),
                path,
                input_names=names,
                output_names=[self.output],
                dynamic_axes={name: {0: "batch"} for name in [*names, self.output]},
                opset_version=OPSET,
                dynamo=False,
            )


def export_bundle(
    training: str | Path,
    bundle: str | Path,
    *,
    unfinished: bool = False,
    sampling: SamplingSettings | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Manifest:
    """Write the bundle of a training; nothing is written when ONNX Runtime does not agree with torch.

    Args:
        training: a directory that `train` made.
        bundle: directory of the bundle; files of an earlier export there are replaced.
        unfinished: take the last checkpoints where training has not ended.
        sampling: how plans are sampled by default; None for what the training's configuration says.
        provenance: facts on this run.

    Returns:
        The manifest that was written. Its scores are empty: measure, then `bundle_scores.record_scores`.

    Raises:
        ConfigurationError: when there are no weights.
        BundleError: when a graph differs from torch by more than 1e-4 of its largest output.
    """
    training, bundle = Path(training), Path(bundle)
    record = TrainingRecord.read(training)
    if sampling is not None:
        record = dataclasses.replace(record, configuration=dataclasses.replace(record.configuration, sampling=sampling))
    noise_model, inverse_dynamics = record.build_noise_model(), record.build_inverse_dynamics()
    training_steps = {
        name: load_weights(network, training, name, unfinished=unfinished)
        for name, network in ((NOISE_MODEL, noise_model), (INVERSE_DYNAMICS, inverse_dynamics))
    }
    rng = np.random.default_rng(record.seed)
    graphs = {
        DENOISER_FILE: Graph(noise_model.eval(), denoiser_inputs(record, 2, rng), "prediction"),
        INVERSE_DYNAMICS_FILE: Graph(inverse_dynamics.eval(), inverse_dynamics_inputs(record, 2, rng), "action"),
    }
    with whole_files(bundle, (*graphs, MANIFEST_NAME)) as workplace:
        for name, graph in graphs.items():
            graph.write(workplace / name)
        differences = {
            DENOISER_FILE: _compare(workplace / DENOISER_FILE, noise_model, denoiser_inputs, record, rng),
            INVERSE_DYNAMICS_FILE: _compare(
                workplace / INVERSE_DYNAMICS_FILE, inverse_dynamics, inverse_dynamics_inputs, record, rng
            ),
        }
        files = {name: FileRecord.of((workplace / name).read_bytes()) for name in graphs}
        export = {**(provenance or {}), "difference_from_torch": differences}
        manifest = _manifest(record, files=files, provenance=_provenance(record, training, training_steps, export))
        manifest.write(workplace / MANIFEST_NAME)
    return manifest


def _provenance(
    record: TrainingRecord, training: Path, training_steps: Mapping[str, int], export: Mapping[str, Any]
) -> dict[str, Any]:
    """How the bundle was made, for its manifest."""
    facts = {
        "data": record.data,
        "seed": record.seed,
        "training_steps": dict(training_steps),
        "training": record.provenance,
        "configuration": record.configuration.to_json(),
        "held_out": _held_out(training),
        "export": dict(export),
    }
    return {**facts, "distillation": record.distillation} if record.distillation else facts


def denoiser_inputs(record: TrainingRecord, batch: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """Random inputs of the noise model, every kind of row and of condition among them."""
    data = record.configuration.data
    horizon = data.history + data.planned_slots
    present = rng.integers(0, 2, size=(batch, len(record.kind_sizes)))
    mask = np.zeros((batch, horizon))
    mask[:, : data.history] = np.where(np.arange(data.history) < rng.integers(data.history, size=(batch, 1)), -1, 1)
    trajectory = rng.normal(size=(batch, horizon, len(record.description.state))) * (mask >= 0)[..., None]
    floats = {
        "trajectory": trajectory,
        "observation_mask": mask,
        "condition": rng.uniform(size=(batch, sum(record.kind_sizes))),
        "condition_present": present,
    }
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in floats.items()}
    step = rng.integers(record.configuration.diffusion.denoising_steps, size=batch)
    tensors["denoising_step"] = torch.tensor(step, dtype=torch.int64)
    order = ("trajectory", "observation_mask", "denoising_step", "condition", "condition_present")
    return {name: tensors[name] for name in order}


def inverse_dynamics_inputs(record: TrainingRecord, batch: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """Random pairs of states as the data has them, raw."""
    shape = (batch, len(record.normaliser.mean))
    return {
        name: torch.from_numpy(record.normaliser.restore(rng.normal(size=shape).astype(np.float32)))
        for name in ("state", "next_state")
    }


def _compare(
    path: Path, network: nn.Module, make_inputs: Any, record: TrainingRecord, rng: np.random.Generator
) -> float:
    batches = [make_inputs(record, batch, rng) for batch in (1, 2, 3)]
    return check_against_torch(path, network, batches)


def _manifest(record: TrainingRecord, *, files: Mapping[str, FileRecord], provenance: Mapping[str, Any]) -> Manifest:
    description, configuration = record.description, record.configuration
    return Manifest(
        name=description.name,
        robot=description.robot,
        state=description.state,
        action=description.action,
        joint_names=description.joint_names,
        step_duration=description.step_duration,
        history=configuration.data.history,
        plan_steps=configuration.data.plan_steps,
        outcome=configuration.data.outcome,
        schedule=ScheduleRecord(configuration.diffusion.schedule, configuration.diffusion.denoising_steps),
        prediction=configuration.diffusion.prediction,
        conditions=record.kinds,
        normaliser=NormaliserRecord(
            mean=tuple(record.normaliser.mean.tolist()), std=tuple(record.normaliser.std.tolist())
        ),
        sampling=configuration.sampling,
        files=files,
        provenance=provenance,
        scores={},
    )


def _held_out(training: Path) -> dict[str, Any]:
    path = training / HELD_OUT_FILE
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except json.JSONDecodeError as error:
        raise BundleError(f"'{path}' is not valid JSON: {error}") from error
