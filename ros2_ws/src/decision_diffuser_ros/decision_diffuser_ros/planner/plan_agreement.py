"""Whether plans for a set of conditions agree with it and with each other, found by sampling some.

Logic (`feasibility`) knows nothing of what a robot can do. Sets of conditions that no demonstration comes near give
incoherent plans (Ajay 2023, section 5), and that shows in samples, before the robot moves:

- *violation*: a sample fails a condition if it is clearly less likely under it than without it, log p(x|y,h) <
  log p(x|h), and one to be avoided if it is more likely under it (`PlanScorer.gaps`). Measured is the share of samples
  that fail any.
- *disagreement*: what fulfils several conditions is among what fulfils each, so its samples should be no wider spread
  than those of the widest single one. Measured is the ratio of the two spreads.

Where the thresholds lie decides how many feasible sets are refused; `false_alarm_rate` measures that.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.errors import ConditionError, ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, ConditionEncoder
from decision_diffuser_ros.planner.plan_score import PlanScorer
from decision_diffuser_ros.planner.planner import Planner


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgreementSettings:
    """How plans are sampled for the check, and what is refused.

    Attributes:
        samples: plans of each set of conditions.
        denoising_steps: of a plan, at most those of the model's schedule; more than for planning, because a few steps
            from little noise hide what the model is not sure of.
        temperature: factor on the variance of the noise; 0 would make all samples the same.
        tolerance: by how much less likely a sample may be under a condition that it does not fail [nats]; a condition
            that is fulfilled anyway changes nothing, and then the difference is noise about 0.
        most_violation: share of samples that may fail a condition.
        most_disagreement: how many times as wide the samples may be spread as those of a single condition.
    """

    samples: int = 16
    denoising_steps: int = 10
    temperature: float = 1.0
    tolerance: float = 2.0
    most_violation: float = 0.5
    most_disagreement: float = 4.0

    def __post_init__(self) -> None:
        if self.samples < 2 or self.denoising_steps < 1:
            raise ConfigurationError(
                f"`samples` must be at least 2 and `denoising_steps` at least 1, got {self.samples} and "
                f"{self.denoising_steps}"
            )


@dataclasses.dataclass(frozen=True)
class PlanAgreement:
    """What the samples of a set of conditions show.

    Attributes:
        violation: share of samples that fail a condition, 0 to 1.
        disagreement: spread of the samples, in spreads of the widest single wanted condition; 0 where there is none
            to compare with.
        margins: by how much each condition is fulfilled, the median of the samples [nats]; negative where it is failed.
    """

    violation: float
    disagreement: float
    margins: tuple[float, ...]


class AgreementCheck:
    """Samples plans of a model for sets of conditions and says whether they agree."""

    def __init__(self, bundle: Bundle, settings: AgreementSettings | None = None) -> None:
        """Prepares sampling.

        Args:
            bundle: the model.
            settings: see `AgreementSettings`.
        """
        manifest = bundle.manifest
        self.settings = settings if settings is not None else AgreementSettings()
        total = manifest.schedule.denoising_steps
        sampling = dataclasses.replace(
            manifest.sampling,
            sampler="ddim",
            denoising_steps=min(self.settings.denoising_steps, total),
            temperature=self.settings.temperature,
            warm_start_steps=None,
        )
        self._planner = Planner(bundle, settings=sampling)
        self._scorer = PlanScorer(bundle, ConditionEncoder(manifest), noise_schedule(manifest.schedule.name, total))

    def measure(self, history: ArrayLike, branch: Branch, *, rng: np.random.Generator) -> PlanAgreement:
        """What samples of plans for a set of conditions show.

        Args:
            history: observed states, as for `Planner.plan`.
            branch: the conditions.
            rng: source of the noise.

        Raises:
            StateError, ConditionError, PlanError: as `Planner.plan`.
        """
        if not branch:
            return PlanAgreement(0.0, 0.0, ())
        count = self.settings.samples
        singles = [(condition,) for condition in branch if condition.weight > 0.0] if len(branch) > 1 else []
        groups = [branch, *singles]
        trajectories, known, mask = self._planner.sample(
            history, [group for group in groups for _ in range(count)], rng=rng
        )
        signs = np.sign([condition.weight for condition in branch])
        gaps = self._scorer.gaps(trajectories[:count], branch, known=known, observation_mask=mask, rng=rng)
        margins = (gaps * signs)[:, signs != 0.0]
        planned = trajectories[:, ~known.slots].reshape(len(groups), count, -1)
        spreads = np.sqrt(planned.var(axis=1).mean(axis=-1))
        widest = spreads[1:].max(initial=0.0)
        return PlanAgreement(
            violation=float((margins < -self.settings.tolerance).any(axis=1).mean()),
            disagreement=float(spreads[0] / widest) if widest > 0.0 else 0.0,
            margins=tuple(np.median(margins, axis=0).tolist()),
        )

    def reason_against(self, agreement: PlanAgreement) -> str | None:
        """Why conditions with this agreement cannot be fulfilled together; None if nothing speaks against them."""
        limits = self.settings
        if agreement.violation > limits.most_violation:
            return f"{agreement.violation:.0%} of sampled plans fail a condition (at most {limits.most_violation:.0%})"
        if agreement.disagreement > limits.most_disagreement:
            return (
                f"sampled plans are {agreement.disagreement:.1f} times as far apart as those of a single condition "
                f"(at most {limits.most_disagreement:g})"
            )
        return None

    def agreeing_branches(
        self, history: ArrayLike, branches: Sequence[Branch], *, rng: np.random.Generator
    ) -> tuple[Branch, ...]:
        """The branches whose samples agree.

        Raises:
            ConditionError: none do; the message says why.
        """
        reasons = [self.reason_against(self.measure(history, branch, rng=rng)) for branch in branches]
        agreeing = tuple(branch for branch, reason in zip(branches, reasons, strict=True) if reason is None)
        if not agreeing:
            raise ConditionError(f"the model cannot fulfil this from here: {'; '.join(filter(None, reasons))}")
        return agreeing

    def false_alarm_rate(self, cases: Iterable[tuple[ArrayLike, Branch]], *, rng: np.random.Generator) -> float:
        """Share of cases that are refused; of cases that are known to be feasible, that is the rate of false alarms.

        Args:
            cases: histories and conditions, at least one.
            rng: source of the noise.

        Raises:
            ConfigurationError: there is no case.
        """
        refused = [self.reason_against(self.measure(*case, rng=rng)) is not None for case in cases]
        if not refused:
            raise ConfigurationError("expected at least one case to measure the rate of false alarms on, got none")
        return float(np.mean(refused))
