"""What the experiments on composed gaits share: which episodes are run, with which starts and which speed asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.asked_speed import number_kind
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.expression_rollout import PLANNER, ExpressionRollout, ExpressionTask
from decision_diffuser_ros.evaluation.expression_workers import ExpressionJob, run_groups
from decision_diffuser_ros.evaluation.gait_classifier import GaitClassifierRecord, classifier_directory
from decision_diffuser_ros.evaluation.model_facts import model_facts
from decision_diffuser_ros.evaluation.random_streams import ASKED_STREAM
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.resources import MANIFEST_NAME

NUMBER_SHARES = (0.35, 0.85)
"""Of the largest value of the number that is asked beside the gaits, lowest and highest."""


@dataclass(frozen=True, kw_only=True)
class GaitExperiment:
    """One experiment's model and means.

    Attributes:
        model: what plans, and how it is run.
        manifest: of that model.
        seed: of all episodes; training data must not have used it.
        choose_every: plans from one composed plan to the next, see `planner.composition_follower`; 1 composes each.
        processes: to share the work.
        time_step: of the physics [s].
        classifier: directory of the gait classifier; None for the one that comes with the package.
        progress: told how many episodes of how many are done.
    """

    model: EvaluatedModel
    manifest: Manifest
    seed: int
    choose_every: int = 1
    processes: int = 1
    time_step: float = 0.001
    classifier: str | None = None
    progress: Callable[[int, int], None] = lambda done, total: None

    def jobs(
        self, expression: str, episodes: int, *, driver: str = PLANNER, with_numbers: bool = True
    ) -> list[ExpressionJob]:
        """Episodes of one question; every question meets the same starts and floors.

        A model that takes a number beside the gait, a speed or a return, is asked for one too, another in each episode,
        of `NUMBER_SHARES` of its largest value, and the same in all questions. Not so where `with_numbers` is false;
        the planner with all conditions told as one (`SUMMED`) and the expert are asked for gaits alone.
        """
        kind, jobs = number_kind(self.manifest), []
        for episode_seed in episode_seeds(self.seed, episodes):
            share = np.random.default_rng([episode_seed, ASKED_STREAM]).uniform(*NUMBER_SHARES)
            is_numbered = with_numbers and driver == PLANNER
            asked = with_number(expression, kind, share) if kind is not None and is_numbered else expression
            task = ExpressionTask(seed=episode_seed, expression=asked, driver=driver)
            jobs.append(
                ExpressionJob(task=task, model=self.model, choose_every=self.choose_every, time_step=self.time_step)
            )
        return jobs

    def run(self, groups: Mapping[str, Sequence[ExpressionJob]]) -> dict[str, list[ExpressionRollout]]:
        """The outcomes of each group's jobs."""
        return run_groups(groups, classifier=self.classifier, processes=self.processes, progress=self.progress)

    def with_sampling(self, **changes: object) -> GaitExperiment:
        """The same with other settings of a plan. Raises ConfigurationError for those that the model cannot do."""
        sampling = replace(self.model.sampling or self.manifest.sampling, **changes)  # type: ignore[arg-type]
        sampling.check_against(denoising_steps=self.manifest.schedule.denoising_steps, history=self.manifest.history)
        return replace(self, model=replace(self.model, sampling=sampling))

    def facts(self, *, with_numbers: bool = True) -> dict[str, Any]:
        """What is measured, JSON-able: the model, how it plans and for how long it follows a plan, and the classifier.

        `number_shares` are the lowest and the highest share of the largest number that are asked beside the gaits; None
        where the model takes no number or, by `with_numbers`, none is asked beside the questions.

        Raises:
            BundleError: the classifier's record cannot be read.
        """
        is_numbered = with_numbers and number_kind(self.manifest) is not None
        classifier = GaitClassifierRecord.read(classifier_directory(self.classifier))
        return {
            **model_facts(self.manifest, self.model.sampling),
            "replan_every": self.model.deployment.receding_horizon.replan_every,
            "choose_every": self.choose_every,
            "number_shares": list(NUMBER_SHARES) if is_numbered else None,
            "time_step": self.time_step,
            "classifier_sha256": classifier.graph.sha256,
        }

    def of_bundle(self, directory: Path) -> GaitExperiment:
        """The same with another model, sampled as its own manifest says."""
        model = replace(self.model, bundle=str(directory), sampling=None)
        return replace(self, model=model, manifest=Manifest.read(directory / MANIFEST_NAME))


def episode_seeds(seed: int, episodes: int) -> list[int]:
    """Seeds of an experiment's episodes."""
    return [int(number) for number in np.random.SeedSequence(seed).generate_state(episodes, dtype=np.uint32)]


def with_number(expression: str, kind: ConditionKind, share: float) -> str:
    """The expression with a number beside it, which every name in it is fulfilled with."""
    return f"({expression}) & {kind.kind}={share * kind.largest:.3f}"
