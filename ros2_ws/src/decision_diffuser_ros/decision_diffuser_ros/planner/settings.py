"""How a plan is sampled: the numbers that may change at run time without training again."""

import dataclasses
import math

from decision_diffuser_ros.diffusion.schedule import select_denoising_steps
from decision_diffuser_ros.errors import ConfigurationError

SAMPLERS = ("ddim", "ddpm")
STEP_SPACINGS = ("trailing", "leading", "quadratic")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingSettings:
    """Settings of one plan. A bundle's manifest holds the values that its scores were measured with.

    Attributes:
        sampler: `ddim` (few steps) or `ddpm` (the paper's).
        denoising_steps: number of denoising steps, at most those of the training schedule.
        step_spacing: which levels of the training schedule those are: `trailing`, `leading` or `quadratic`.
        guidance_weight: weight of the conditions against the null condition (Ajay 2023, Eq. 8, omega).
        unguided_levels: how many levels of the training schedule, from the least noisy on, are without guidance: there
            the estimate is the mean of those under what is wanted (guidance in a limited interval: Kynkaanniemi 2024).
            The noisiest level of every plan is guided, however many steps a deadline leaves of those set; so with few
            steps the last one may be guided, too, where the same plan with all steps would end without guidance.
        temperature: factor on the variance of the start noise and of every reverse step (Ajay 2023, Algorithm 1,
            alpha); 0 is deterministic, 1 is plain diffusion.
        eta: DDIM's share of fresh noise, 0 (none) to 1 (as much as DDPM).
        history: number of observed states that are put into the plan, at most those the model was trained with.
        warm_start_steps: number of last denoising steps that are run when there is a previous plan; None starts
            from pure noise every time (Ajay 2023, App. E).
        clean_limit: largest magnitude of the clean estimate, in standard deviations; None for no limit. A noise
            prediction needs one with few denoising steps, because the noisiest level magnifies its error.
        candidates: plans that are sampled for each branch, of which the best is taken (`plan_score`); more than one
            are different only with a temperature above 0.
        branch_margin: by how much another branch of an OR must be better than the one in use to be followed [nats].
        negation_weight: weight of a NOT in an expression that gives it none (Ajay 2023, App. J).
        outcome_steps: number of denoising steps of an outcome, where the model plans one (`outcomes`). Of such a model
            `candidates` are outcomes, and the conditions guide these.
    """

    sampler: str = "ddim"
    denoising_steps: int = 2
    step_spacing: str = "trailing"
    guidance_weight: float = 1.5
    unguided_levels: int = 0
    temperature: float = 0.5
    eta: float = 0.0
    history: int = 4
    warm_start_steps: int | None = None
    clean_limit: float | None = None
    candidates: int = 1
    branch_margin: float = 10.0
    negation_weight: float = 1.0
    outcome_steps: int = 10

    def __post_init__(self) -> None:
        _require(self.sampler in SAMPLERS, "sampler", f"one of {', '.join(SAMPLERS)}", self.sampler)
        _require(self.denoising_steps >= 1, "denoising_steps", "at least 1", self.denoising_steps)
        spacings = ", ".join(STEP_SPACINGS)
        _require(self.step_spacing in STEP_SPACINGS, "step_spacing", f"one of {spacings}", self.step_spacing)
        _require(math.isfinite(self.guidance_weight), "guidance_weight", "a finite number", self.guidance_weight)
        _require(self.unguided_levels >= 0, "unguided_levels", "at least 0", self.unguided_levels)
        _require(0.0 <= self.temperature <= 1.0, "temperature", "in [0, 1]", self.temperature)
        _require(0.0 <= self.eta <= 1.0, "eta", "in [0, 1]", self.eta)
        _require(self.history >= 1, "history", "at least 1", self.history)
        _require(
            self.warm_start_steps is None or 1 <= self.warm_start_steps <= self.denoising_steps,
            "warm_start_steps",
            f"None or 1 to denoising_steps ({self.denoising_steps})",
            self.warm_start_steps,
        )
        _require(self.clean_limit is None or self.clean_limit > 0.0, "clean_limit", "None or above 0", self.clean_limit)
        _require(1 <= self.candidates <= 64, "candidates", "1 to 64", self.candidates)
        _require(self.branch_margin >= 0.0, "branch_margin", "at least 0", self.branch_margin)
        accepted = math.isfinite(self.negation_weight) and self.negation_weight >= 0.0
        _require(accepted, "negation_weight", "a finite number of at least 0", self.negation_weight)
        _require(self.outcome_steps >= 1, "outcome_steps", "at least 1", self.outcome_steps)

    def check_against(self, *, denoising_steps: int, history: int) -> None:
        """Checks the settings against the limits of a model.

        Args:
            denoising_steps: steps of the model's training schedule.
            history: most observed states the model takes.

        Raises:
            ConfigurationError: the model cannot do what is set.
        """
        limits = {
            "denoising_steps": (denoising_steps, "schedule"),
            "unguided_levels": (denoising_steps - 1, "noisiest level"),
            "history": (history, "history"),
        }
        for name, (limit, part) in limits.items():
            value = getattr(self, name)
            _require(value <= limit, name, f"at most {limit}, the model's {part}", value)
        if self.unguided_levels > 0:
            self._check_guided_levels(denoising_steps)

    def _check_guided_levels(self, total: int) -> None:
        """Makes sure that the noisiest level of a plan is guided, however many of its steps are run.

        Without, nothing would be guided, and what is to be avoided would not count at all.
        """
        counts = range(1, self.denoising_steps + 1)
        visited = [select_denoising_steps(total, count, spacing=self.step_spacing) for count in counts]
        first, remedy = min(int(levels[0]) for levels in visited), "`step_spacing` trailing"
        if self.warm_start_steps is not None and visited[-1][-1] < first:
            # A deadline may leave no more than the last step of a warm start.
            first, remedy = int(visited[-1][-1]), "no `warm_start_steps`"
        if self.unguided_levels > first:
            raise ConfigurationError(
                f"`unguided_levels` must be at most {first}, the least noisy level that a plan with these steps may "
                f"begin at, so that it is guided there; got {self.unguided_levels}; set 0, or {remedy}"
            )


def _require(accepted: bool, name: str, requirement: str, value: object) -> None:
    if not accepted:
        raise ConfigurationError(f"`{name}` must be {requirement}, got {value!r}")
