"""The experiments on composed gaits: what they ask, and what they count."""

import hashlib
import json
from dataclasses import asdict, fields, replace

import gymnasium
import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, ConfigurationError
from decision_diffuser_ros.evaluation import (
    gait_ablations,
    gait_composition,
    gait_conditions,
    gait_curves_plot,
    gait_returns,
    gait_slider,
    gait_tables,
)
from decision_diffuser_ros.evaluation.asked_speed import number_kind, numbers_for_speed, speed_of_one
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.expression_rollout import EXPERT, SUMMED
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment, with_number
from decision_diffuser_ros.evaluation.gait_shares import GAITS
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory, share_directory
from tests.evaluation.test_gait_shares import rollout

MANIFEST = Manifest.read(model_directory("quadruped_gaits") / MANIFEST_NAME)
WITH_ACTIONS = replace(MANIFEST, action=MANIFEST.state[: len(MANIFEST.action)])
RETURN = ConditionKind("return", scale=1.0, unit="1")


class FakeExperiment(GaitExperiment):
    """Answers every question with whole episodes of its first gait; remembers the questions."""

    def run(self, groups):
        asked.update(groups)
        outcomes = {}
        for name, jobs in groups.items():
            gait = min(GAITS, key=lambda gait: name.find(gait) if gait in name else len(name))
            outcomes[name] = [replace(rollout((gait, 120)), task=job.task) for job in jobs]
        return outcomes


asked: dict = {}


@pytest.fixture
def experiment():
    asked.clear()
    return FakeExperiment(model=EvaluatedModel(bundle="nowhere"), manifest=MANIFEST, seed=5)


def test_every_question_meets_the_same_starts_and_asks_another_speed_in_each_episode(experiment):
    trot, pair = experiment.jobs("trot", 20), experiment.jobs("trot & pace", 20)
    assert [job.task.seed for job in trot] == [job.task.seed for job in pair]
    assert len({job.task.expression for job in trot}) > 15
    (branch,) = parse(pair[0].task.expression, MANIFEST).branches
    assert [condition.values["skill"] for condition in branch] == ["trot", "pace"]
    assert branch[0].values["forward_speed"] == branch[1].values["forward_speed"]
    assert {job.task.expression for job in experiment.jobs("trot & pace", 3, driver=SUMMED)} == {"trot & pace"}
    assert {job.task.expression for job in experiment.jobs("trot", 3, driver=EXPERT)} == {"trot"}


def test_numbers_are_of_the_range_that_is_told(experiment):
    largest = number_kind(MANIFEST).largest
    asked_speeds = [
        branch[0].values["forward_speed"] / largest
        for job in experiment.jobs("trot", 200)
        for branch in parse(job.task.expression, MANIFEST).branches
    ]
    lowest, highest = experiment.facts()["number_shares"]
    assert lowest <= min(asked_speeds) + 5e-4 <= lowest + 0.03
    assert highest - 0.03 <= max(asked_speeds) - 5e-4 <= highest
    without = replace(experiment, manifest=replace(MANIFEST, conditions=MANIFEST.conditions[:1]))
    assert without.facts()["number_shares"] is None


def test_the_number_that_is_asked_tells_nothing_about_the_floor(experiment):
    jobs = experiment.jobs("trot", 200)
    numbers = [
        branch[0].values["forward_speed"] for job in jobs for branch in parse(job.task.expression, MANIFEST).branches
    ]
    first_draws = [gymnasium.utils.seeding.np_random(job.task.seed)[0].uniform() for job in jobs]
    assert abs(np.corrcoef(numbers, first_draws)[0, 1]) < 0.2


def test_all_experiments_tell_what_was_measured(experiment):
    experiment = replace(experiment, choose_every=7, time_step=0.002).with_sampling(guidance_weight=1.9)
    told = [
        gait_composition.evaluate(experiment, episodes=1, baseline_episodes=1, expert_episodes=1)[0],
        gait_slider.evaluate(experiment, episodes=1, first="trot", second="pace"),
        gait_conditions.evaluate(experiment, episodes=1),
        gait_ablations.evaluate(experiment, episodes=1),
        gait_returns.evaluate(experiment, episodes=1),
    ]
    graph = (share_directory() / "models" / "gait_classifier" / "gait_classifier.onnx").read_bytes()
    facts = {
        "model": "quadruped_gaits",
        "denoiser_sha256": MANIFEST.files["denoiser.onnx"].sha256,
        "sampling": asdict(replace(MANIFEST.sampling, guidance_weight=1.9)),
        "replan_every": 2,
        "choose_every": 7,
        "number_shares": [0.35, 0.85],
        "time_step": 0.002,
        "classifier_sha256": hashlib.sha256(graph).hexdigest(),
    }
    for scores in told[:-1]:
        assert {name: scores[name] for name in facts} == facts
    # What is asked of returns are numbers already.
    assert {name: told[-1][name] for name in facts} == facts | {"number_shares": None}
    assert json.loads(json.dumps(told))


def test_temperatures_are_shown_as_what_they_are_in_table_and_picture(experiment, monkeypatch):
    scores = gait_ablations.evaluate(experiment, episodes=1)
    tables = {table.title.partition(";")[0]: table for table in gait_tables.ablation_tables(scores)}
    of_start = tables["temperature of the start"].rows
    assert [row[0] for row in of_start] == ["0.0", "", "", "0.5", "", "", "1.0", "", ""]
    assert [row[1] for row in of_start] == ["trot", "pace", "bound"] * 3
    assert [row[0] for row in tables["temperature, fresh noise at each step"].rows if row[0]] == ["0.5", "1.0"]
    figures = []
    monkeypatch.setattr(gait_curves_plot, "write_picture", lambda figure, path: figures.append(figure))
    gait_curves_plot.plot_ablations(scores, "nowhere.png", title="a title")
    shown = [axes.get_xlabel().replace("\n", " ") for axes in figures[0].axes]
    assert {"temperature of the start", "temperature, fresh noise at each step"} <= set(shown)


def test_the_temperature_of_each_step_needs_fresh_noise(experiment):
    ddpm = replace(experiment, model=replace(experiment.model, sampling=SamplingSettings(sampler="ddpm", eta=0.5)))
    gait_ablations.evaluate(ddpm, episodes=1)
    for setting, eta in (("temperature of the start", 0.0), ("temperature, fresh noise at each step", 1.0)):
        (job,) = asked[f"{(setting, 0.5)} pace"]
        assert (job.model.sampling.sampler, job.model.sampling.eta) == ("ddim", eta)
        assert job.model.sampling.temperature == 0.5


def test_ablations_tell_of_the_model_that_diffuses_actions_too(experiment):
    other = replace(experiment, manifest=replace(WITH_ACTIONS, name="diffused"))
    scores = gait_ablations.evaluate(experiment, episodes=1, diffused=other)
    assert (scores["model"], scores["diffused_actions"]["model"]) == ("quadruped_gaits", "diffused")
    assert gait_ablations.evaluate(experiment, episodes=1)["diffused_actions"] is None
    with pytest.raises(ConfigurationError, match="got 'quadruped_gaits', whose actions come from inverse dynamics"):
        gait_ablations.evaluate(experiment, episodes=1, diffused=experiment)


def test_a_number_goes_with_every_alternative():
    question = with_number("pace | bound", number_kind(MANIFEST), 0.5)
    branches = parse(question, MANIFEST).branches
    assert [dict(condition.values) for (condition,) in branches] == [
        {"skill": "pace", "forward_speed": 0.55},
        {"skill": "bound", "forward_speed": 0.55},
    ]


def test_the_speed_of_a_return_of_one_is_a_fact_of_the_training():
    trained = replace(MANIFEST, provenance={"configuration": {"data": {"return_scale": 0.9}}})
    assert speed_of_one(trained, RETURN) == 0.9
    assert speed_of_one(MANIFEST, number_kind(MANIFEST)) == 1.1
    with pytest.raises(ConfigurationError, match="does not say which speed a return of 1 stands for"):
        speed_of_one(replace(MANIFEST, provenance={}), RETURN)


def test_a_speed_is_asked_in_the_models_own_number():
    skills = tuple(kind for kind in MANIFEST.conditions if kind.is_choice)
    provenance = {"configuration": {"data": {"return_scale": 0.9}}}
    by_return = replace(MANIFEST, conditions=(*skills, RETURN), provenance=provenance)
    assert numbers_for_speed(MANIFEST, 0.63) == {"forward_speed": 0.63}
    assert numbers_for_speed(by_return, 0.45) == pytest.approx({"return": 0.5})
    assert numbers_for_speed(by_return, 2.0) == {"return": 1.0}
    assert numbers_for_speed(replace(MANIFEST, conditions=skills), 0.5) == {}


@pytest.mark.parametrize(
    ("question", "allowed"),
    [
        ("!bound", ("trot", "pace")),
        ("!bound & !trot", ("pace",)),
        ("pace | bound", ("pace", "bound")),
        ("!pace | bound", ("trot", "bound")),
        ("trot & !pace", ("trot",)),
        ("trot & 0*pace & forward_speed=0.5", ("trot",)),
    ],
)
def test_what_an_expression_allows(question, allowed):
    assert gait_conditions.allowed_gaits(parse(question, MANIFEST)) == allowed


def test_an_episode_succeeds_when_nearly_all_of_it_is_allowed_and_it_does_not_fall():
    mostly = rollout(("trot", 20 + 96), ("bound", 4))
    half = rollout(("trot", 20 + 50), ("bound", 50))
    assert gait_conditions.succeeded(mostly, ("trot", "pace"))
    assert not gait_conditions.succeeded(half, ("trot", "pace"))
    assert not gait_conditions.succeeded(replace(mostly, survived=False), ("trot", "pace"))
    assert not gait_conditions.succeeded(rollout(survived=False, steps=3), GAITS)


def test_conditions_are_scored_by_what_they_allow(experiment):
    scores = gait_conditions.evaluate(experiment, episodes=2, questions=("!bound", "pace | bound"))
    assert scores["questions"]["!bound"]["succeeded"] == 0.0  # the fake walks the first gait that is named
    assert scores["questions"]["pace | bound"]["succeeded"] == 1.0
    assert "| pace \\| bound | pace or bound | 100.0 |" in gait_tables.condition_tables(scores)[0].markdown()
    with pytest.raises(ConditionError, match="galop"):
        gait_conditions.evaluate(experiment, episodes=1, questions=("galop",))


def test_questions_that_mean_the_same_are_the_same_episodes(experiment):
    gait_conditions.evaluate(experiment, episodes=2)
    assert asked["!bound"] == asked["trot | pace"] != asked["1*!bound"]


def test_a_slider_is_one_gait_at_its_ends_and_both_by_their_weights_between(experiment):
    assert [gait_slider.slider("trot", "pace", weight) for weight in (0.0, 0.25, 1.0)] == [
        "pace",
        "0.25*trot & 0.75*pace",
        "trot",
    ]
    scores = gait_slider.evaluate(replace(experiment, choose_every=9), episodes=1, first="trot", second="pace")
    (job,) = asked["0.25*trot & 0.75*pace"]
    assert job.choose_every == scores["choose_every"] == 9
    assert scores["weights"]["0"]["shares"]["pace"] == 1.0
    assert list(scores["weights"]) == ["0", "0.25", "0.5", "0.75", "1"]


def test_returns_compare_asked_with_achieved_for_each_gait(experiment):
    scores = gait_returns.evaluate(experiment, episodes=2, demonstrated={"trot": 0.4, "pace": 0.6, "bound": 0.5})
    assert scores["gaits"]["trot"]["rank_correlation"] == 0.0  # the fake always walks at 0.5 m/s
    assert scores["gaits"]["trot"]["asked"]["1"]["speed_asked"] == 1.1
    reached = {name: bar["reached"] for name, bar in scores["bars"].items() if "speed at 1" in name}
    assert reached == {
        "trot: speed at 1 [m/s]": True,
        "pace: speed at 1 [m/s]": False,
        "bound: speed at 1 [m/s]": True,
    }
    assert all("speed at 1" not in name for name in gait_returns.evaluate(experiment, episodes=1)["bars"])


def test_ablations_change_one_setting_at_a_time(experiment):
    scores = gait_ablations.evaluate(experiment, episodes=1, diffused=replace(experiment, manifest=WITH_ACTIONS))
    assert list(scores["settings"]["temperature of the start"]) == ["0.0", "0.5", "1.0"]
    assert list(scores["settings"]["temperature, fresh noise at each step"]) == ["0.5", "1.0"]
    assert list(scores["settings"]["actions"]) == ["inverse dynamics", "diffused too"]
    shipped = MANIFEST.sampling
    for name, (job,) in asked.items():
        sampling = job.model.sampling or shipped
        changed = {
            field.name for field in fields(shipped) if getattr(sampling, field.name) != getattr(shipped, field.name)
        }
        if "fresh noise" in name:
            assert (changed, sampling.eta) == ({"temperature", "eta"}, 1.0), name
        else:
            assert len(changed) <= 1, name
            assert sampling.eta == 0.0, name
    assert scores["settings"]["history"]["1"]["pace"]["gait_share"] == 1.0
    as_shipped = f"{('denoising_steps', shipped.denoising_steps)} pace"
    assert asked[as_shipped] == asked[f"{('actions', 'inverse dynamics')} pace"]


def test_composition_asks_single_gaits_pairs_and_sums(experiment):
    scores, shown = gait_composition.evaluate(experiment, episodes=2, baseline_episodes=1, expert_episodes=1)
    assert set(scores["pairs"]) == {"trot & pace", "trot & bound", "pace & bound"}
    assert {job.task.driver for job in asked["trot + pace"]} == {SUMMED}
    assert scores["pairs"]["trot & pace"]["shares"]["trot"] == 1.0
    assert not scores["bars"]["share of each of two gaits"]["reached"]
    assert set(shown) == {*scores["pairs"], *scores["summed"], *(f"only {gait}" for gait in GAITS)}
    time, probability = gait_composition.probability_over_time(shown["only bound"], step_duration=0.02)
    assert time[0] == pytest.approx(0.12)  # a window about control step 5, that is, the sixth
    np.testing.assert_array_equal(probability[:, 2], 1.0)
