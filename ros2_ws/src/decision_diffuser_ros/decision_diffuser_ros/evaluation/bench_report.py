"""The bench's results together: what was measured, the ratios to the paper's procedure, and which bars are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from decision_diffuser_ros.evaluation.text_table import TextTable

PLAN_P99_LIMIT = 20.0  # [ms], on one thread
LEAST_SPEED_UP = {"the paper's network": 100.0, "our network": 10.0}
GAIT_SHARE_MARGIN = 0.01

LATENCY_COLUMNS = ("provider", "threads", "steps", "sampling", "p50 ms", "p95 ms", "p99 ms", "plans")
QUALITY_COLUMNS = ("robot", "steps", "episodes", "survived", "gait share", "pattern share", "stacked")
QUALITIES = ("survived", "gait_share", "pattern_share", "success_strict")
BASELINE_COLUMNS = ("procedure of the paper with", "parameters", "threads", "ms a plan", "times slower than ours")


def summarise(
    latency: Sequence[Mapping[str, Any]],
    quality: Sequence[Mapping[str, Any]],
    baseline: Sequence[Mapping[str, Any]],
    *,
    robot: str,
    deployed_steps: int,
) -> dict[str, Any]:
    """The ratios and bars of the deployed setting: one thread of the CPU, the robot's own number of steps.

    Args:
        latency: rows of `bench_plans`.
        quality: rows of `gait_quality` and `stacking_quality`.
        baseline: rows of the paper's procedure.
        robot: that the bars are about.
        deployed_steps: its denoising steps.
    """
    ours = deployed_row(latency, robot=robot, deployed_steps=deployed_steps)
    if ours is None:
        return {"bars": []}
    bars = [_bar(f"{robot}: plan p99 on one thread [ms]", ours["plan_ms"]["p99"], "<=", PLAN_P99_LIMIT)]
    ratios = []
    for row in baseline:
        if row["threads"] == ours["threads"]:
            ratio = row["plan_ms"]["p50"] / ours["plan_ms"]["p50"]
            ratios.append({"procedure": row["network"], "times_slower": round(ratio, 1)})
            limit = LEAST_SPEED_UP[row["network"]]
            bars.append(_bar(f"times faster than the paper's procedure with {row['network']}", ratio, ">=", limit))
    walked = [row for row in quality if row["robot"] == robot and "gait_share" in row]
    share = {row["denoising_steps"]: row["gait_share"] for row in walked}
    if deployed_steps in share and len(share) > 1:
        most = max(share)
        name = f"gait share of {deployed_steps} steps less that of {most}"
        bars.append(_bar(name, share[deployed_steps] - share[most], ">=", -GAIT_SHARE_MARGIN))
    deployed = {"robot": robot, "deployed_steps": deployed_steps, "one_call": ours["one_call"]}
    return {**deployed, "ratios": ratios, "bars": bars}


def deployed_row(latency: Sequence[Mapping[str, Any]], *, robot: str, deployed_steps: int) -> Mapping[str, Any] | None:
    """The measurement of the deployed setting; the slower way of sampling, so that nothing is claimed too soon."""
    rows = [
        row
        for row in latency
        if row["robot"] == robot
        and row["denoising_steps"] == deployed_steps
        and row["threads"] == 1
        and row["provider"].startswith("CPU")
    ]
    return max(rows, key=lambda row: row["plan_ms"]["p50"], default=None)


def print_bench(results: Mapping[str, Any], console: Console) -> None:
    """Prints what `decision-diffuser bench` writes as JSON."""
    machine = results["machine"]
    gpu = machine["gpu"] or "no GPU"
    console.print(
        f"{machine['processor']}, {machine['processors']} processors, {gpu}, ONNX Runtime {machine['onnxruntime']}; "
        f"load average {machine['load_average_1_min']} at the start"
    )
    for robot in dict.fromkeys(row["robot"] for row in results["latency"]):
        rows = [row for row in results["latency"] if row["robot"] == robot]
        title = f"Time of a plan: {robot}"
        TextTable(title, LATENCY_COLUMNS, latency_rows(rows), word_columns=("sampling",)).print(console)
    if results["quality"]:
        TextTable("Closed loop", QUALITY_COLUMNS, quality_rows(results["quality"])).print(console)
    if results["baseline"]:
        TextTable("The paper's procedure", BASELINE_COLUMNS, baseline_rows(results)).print(console)
    for note in results["notes"]:
        console.print(note)
    print_bars(results["summary"]["bars"], console)


def print_bars(bars: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Prints which bars are met, a line each."""
    for bar in bars:
        verdict = "met" if bar["met"] else "NOT MET"
        value = "not measured" if bar["value"] is None else f"{bar['value']:g}"
        line = f"{verdict}: {bar['name']}: {value}, must be {bar['relation']} {bar['limit']:g}"
        console.print(line, markup=False)


def latency_rows(latency: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of `LATENCY_COLUMNS`."""
    return [
        [
            row["provider"].removesuffix("ExecutionProvider"),
            str(row["threads"]),
            str(row["denoising_steps"]),
            "one call" if row["one_call"] else "step by step",
            *[f"{row['plan_ms'][share]:.1f}" for share in ("p50", "p95", "p99")],
            str(row["plans"]),
        ]
        for row in latency
    ]


def quality_rows(quality: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of `QUALITY_COLUMNS`; what is not scored of a robot is left out."""
    return [
        [
            row["robot"],
            str(row["denoising_steps"]),
            str(row["episodes"]),
            *[f"{row[name]:.3f}" if name in row else "" for name in QUALITIES],
        ]
        for row in quality
    ]


def baseline_rows(results: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `BASELINE_COLUMNS`; the ratio stands where our plan was measured on as many threads."""
    ratio_of = {each["procedure"]: f"{each['times_slower']:g}" for each in results["summary"].get("ratios", [])}
    return [
        [
            row["network"],
            f"{row['parameters'] / 1e6:.1f} M",
            str(row["threads"]),
            f"{row['plan_ms']['p50']:.0f}",
            ratio_of.get(row["network"], "") if row["threads"] == 1 else "",
        ]
        for row in results["baseline"]
    ]


def _bar(name: str, value: float, relation: str, limit: float) -> dict[str, Any]:
    met = value <= limit if relation == "<=" else value >= limit
    return {"name": name, "value": round(float(value), 4), "relation": relation, "limit": limit, "met": bool(met)}
