"""How long a plan takes: each robot, execution provider, number of threads and of denoising steps."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from decision_diffuser_ros.evaluation.bench_machine import percentiles_ms
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.providers import CPU_PROVIDER, CUDA_PROVIDER, TENSORRT_PROVIDER

WARM_UP_PLANS = 5
FEWEST_PLANS = 5
KNOWN_PROVIDERS = (TENSORRT_PROVIDER, CUDA_PROVIDER, CPU_PROVIDER)


@dataclass(frozen=True, kw_only=True)
class PlanBenchSettings:
    """What is measured.

    Attributes:
        denoising_steps: of a plan; those that a model's schedule does not have are left out.
        threads: of the network, on the CPU.
        plans: of each measurement, the warm-up not counted.
        seconds: a measurement ends after so long [s], with fewer plans, but at least five.
    """

    denoising_steps: tuple[int, ...] = (1, 2, 5, 10, 20, 100)
    threads: tuple[int, ...] = (1, 2)
    plans: int = 200
    seconds: float = 20.0


def providers_present() -> tuple[str, ...]:
    """The execution providers of this ONNX Runtime that this package knows."""
    available = onnxruntime.get_available_providers()
    return tuple(provider for provider in KNOWN_PROVIDERS if provider in available)


def bench_plans(
    bundle_directory: str,
    settings: PlanBenchSettings,
    *,
    providers: Sequence[str] = (CPU_PROVIDER,),
    progress: Callable[[str], None] = lambda what: None,
) -> Iterator[dict[str, Any]]:
    """Yields a row a measurement: both ways of sampling, step by step and in one call.

    Args:
        bundle_directory: of the model.
        settings: what is measured.
        providers: execution providers, each measured.
        progress: told what is measured next.
    """
    for provider in providers:
        for threads in settings.threads if provider == CPU_PROVIDER else (1,):
            bundle = Bundle.load(bundle_directory, providers=(provider,), threads=threads)
            for steps in settings.denoising_steps:
                if steps > bundle.manifest.schedule.denoising_steps:
                    continue
                for in_one_call in (False, True):
                    progress(f"{bundle.manifest.name}, {provider}, {threads} threads, {steps} steps")
                    seconds = time_plans(bundle, settings, denoising_steps=steps, in_one_call=in_one_call)
                    yield {
                        "robot": bundle.manifest.name,
                        "provider": provider,
                        "threads": threads,
                        "denoising_steps": steps,
                        "one_call": in_one_call,
                        "plans": len(seconds),
                        "plan_ms": percentiles_ms(seconds),
                    }


def time_plans(bundle: Bundle, settings: PlanBenchSettings, *, denoising_steps: int, in_one_call: bool) -> list[float]:
    """The duration of each plan [s], from a full history and for one condition, after the warm-up.

    A model that plans outcomes keeps its first one, as it does in a replanning loop as long as nothing has moved.
    """
    manifest = bundle.manifest
    sampling = dataclasses.replace(manifest.sampling, denoising_steps=denoising_steps, warm_start_steps=None)
    planner = Planner(bundle, settings=sampling, samples_in_one_call=in_one_call)
    rng = np.random.default_rng(0)
    mean, std = np.asarray(manifest.normaliser.mean), np.asarray(manifest.normaliser.std)
    history = mean + 0.1 * std * rng.standard_normal((sampling.history, len(mean)))
    conditions = (typical_condition(manifest),)
    plan = None
    for _ in range(min(WARM_UP_PLANS, settings.plans)):
        plan = planner.plan(history, conditions, rng=rng, previous=plan)
    seconds: list[float] = []
    began = time.perf_counter()
    while len(seconds) < settings.plans:
        if len(seconds) >= FEWEST_PLANS and time.perf_counter() - began > settings.seconds:
            break
        plan = planner.plan(history, conditions, rng=rng, previous=plan)
        seconds.append(plan.seconds)
    return seconds


def typical_condition(manifest: Manifest) -> Condition:
    """One condition with a value for every kind of the model: its first name, or half its largest number."""
    return Condition(
        {kind.kind: kind.names[0] if kind.names else 0.5 * (kind.scale or 1.0) for kind in manifest.conditions}
    )
