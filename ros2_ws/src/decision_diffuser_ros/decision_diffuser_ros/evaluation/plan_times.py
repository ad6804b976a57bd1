"""How long plans take: percentiles for the scores of an evaluation, and the sentence that tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

SHARES = (50, 95, 99)  # [%]


def plan_times(plan_ms: ArrayLike, *, shares: Sequence[int] = SHARES, digits: int = 3) -> dict[str, float | None]:
    """Percentiles of the computing times of plans: `plan_ms_p50` and so on [ms]; None where there was no plan.

    Args:
        plan_ms: of each plan [ms]; NaN stands for none.
        shares: which percentiles, of `SHARES`.
        digits: after the point.
    """
    known = np.asarray(plan_ms, dtype=float)
    known = known[np.isfinite(known)]
    return {
        f"plan_ms_p{share}": round(float(np.percentile(known, share)), digits) if known.size else None
        for share in shares
    }


def plan_sentence(scores: Mapping[str, Any], *, digits: int = 0) -> str:
    """How long a plan takes, and where: what `plan_times` put into scores with a `processor`."""
    names = {"plan_ms_p50": "median", "plan_ms_p95": "p95", "plan_ms_p99": "p99"}
    times = [f"{scores[key]:.{digits}f} ms {name}" for key, name in names.items() if key in scores]
    return f"One plan: {', '.join(times)} on one thread of {scores['processor']}."
