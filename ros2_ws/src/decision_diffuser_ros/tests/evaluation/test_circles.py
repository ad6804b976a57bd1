"""The 2-D example: what counts as an answer, and that a model of a few seconds' training answers better than chance."""

import copy
import dataclasses
import hashlib
import json

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.data.demonstrations import merge_shards, shard_path, write_shard
from decision_diffuser_ros.evaluation import circles, circles_plot, circles_report
from decision_diffuser_ros.evaluation.circles import QUESTIONS, question_scores
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.resources import config_file
from decision_diffuser_ros.simulation import circles_demonstrations
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.fitting import Machine
from decision_diffuser_ros.training.training_run import train

CENTRE, RING, FAR = (0.1, 0.0), (0.0, -0.85), (0.9, 0.9)
EPISODES = 24


@pytest.mark.parametrize(
    "name, answers",
    [
        ("nothing", [False, True, False]),
        ("inside", [True, True, False]),
        ("outside", [False, True, True]),
        ("inside & outside", [False, True, False]),
        ("inside + outside, summed", [False, True, False]),
        ("!inside", [False, False, True]),
        ("!outside", [True, False, False]),
    ],
)
def test_an_end_is_an_answer_where_it_is_what_was_asked(name, answers):
    assert QUESTIONS[name].answered(np.array([CENTRE, RING, FAR])).tolist() == answers


def test_every_question_has_its_place_in_the_table():
    assert set(circles_report.WANTED) == set(QUESTIONS)


def test_the_driven_end_counts_and_not_the_planned_one():
    way = np.zeros((4, 3, 2))
    way[:, -1] = [CENTRE, RING, FAR, FAR]
    planned = way[:, 1:].copy()
    planned[3, -1] = RING
    scores = question_scores(QUESTIONS["inside & outside"], way, planned)
    assert scores["satisfied"] == 0.25
    assert scores["satisfied_in_plan"] == 0.5
    assert scores["standard_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 4), abs=1e-4)
    assert scores["tracking_error_max"] == pytest.approx(np.hypot(0.9, 1.75), abs=1e-4)


def test_ends_beyond_the_square_of_the_demonstrations_are_told_apart():
    way = np.zeros((4, 2, 2))
    way[:, -1] = [(1.24, -1.24), (0.0, 1.26), (-1.3, 0.2), (0.0, 0.0)]
    scores = question_scores(QUESTIONS["!inside"], way, way[:, 1:])
    assert (scores["satisfied"], scores["in_arena"]) == (0.75, 0.5)
    assert circles_plot.shown_half_width({"!inside": way, "inside": 0.1 * way}) == pytest.approx(1.1 * 1.3)
    assert circles_plot.shown_half_width({"inside": 0.1 * way}) == pytest.approx(1.1 * 1.25)


@pytest.mark.parametrize(
    "radii, shown", [((0.5, 0.5, 2.0, 2.0), "50.0 ± 25.0"), ((0.5,) * 4, "100.0"), ((2.0,) * 4, "0.0")]
)
def test_where_all_or_none_are_so_no_error_is_claimed(radii, shown):
    way = np.zeros((4, 2, 2))
    way[:, -1, 0] = radii
    scores = {"episodes": 4, "questions": {"inside": question_scores(QUESTIONS["inside"], way, way[:, 1:])}}
    (row,) = circles_report.rows(scores)
    assert row[3] == shown


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """As `evaluate circles` makes it, with fewer demonstrations and a small fraction of the training."""
    directory = tmp_path_factory.mktemp("circles")
    episodes = [circles_demonstrations.record_episode(3, number) for number in range(300)]
    write_shard(shard_path(directory / "data", 0), episodes, circles_demonstrations.attributes())
    merge_shards(directory / "data", provenance={})
    shipped = TrainingConfiguration.from_yaml(config_file("training_circles"))
    configuration = dataclasses.replace(
        shipped,
        network=dataclasses.replace(shipped.network, width=64),
        diffusion=dataclasses.replace(shipped.diffusion, ema_decay=0.95),
        optimisation=dataclasses.replace(shipped.optimisation, training_steps=300, batch_size=128),
        inverse_dynamics_optimisation=dataclasses.replace(
            shipped.inverse_dynamics_optimisation, training_steps=400, learning_rate=4e-3
        ),
        sampling=dataclasses.replace(shipped.sampling, denoising_steps=10, temperature=0.5),
    )
    machine = Machine(progress=False)
    train(directory / "data", directory / "training", configuration=configuration, seed=3, machine=machine)
    export_bundle(directory / "training", directory / "bundle")
    return Bundle.load(directory / "bundle")


@pytest.fixture(scope="module")
def evaluation(bundle):
    return circles.evaluate(bundle, episodes=EPISODES, seed=7)


def test_a_short_training_answers_far_better_than_chance(evaluation):
    scores, ways = evaluation
    by_chance = {name: question.answered(ways["nothing"][:, -1]).mean() for name, question in QUESTIONS.items()}
    satisfied = {name: values["satisfied"] for name, values in scores["questions"].items()}
    assert satisfied["inside"] >= 0.9
    assert satisfied["outside"] >= max(0.8, by_chance["outside"] + 0.15)
    assert satisfied["!inside"] >= by_chance["!inside"] + 0.4
    radius = {name: np.linalg.norm(way[:, -1], axis=-1).mean() for name, way in ways.items()}
    assert radius["inside"] + 0.4 < radius["outside"]
    assert radius["!outside"] + 0.4 < radius["!inside"]


def test_both_at_once_lead_into_the_ring_more_often_than_chance_and_than_either_alone(bundle, monkeypatch):
    sampling = dataclasses.replace(bundle.manifest.sampling, denoising_steps=100, temperature=1.0)
    finely_sampled = copy.copy(bundle)
    finely_sampled.manifest = dataclasses.replace(bundle.manifest, sampling=sampling)
    asked = ("nothing", "inside", "outside", "inside & outside")
    monkeypatch.setattr(circles, "QUESTIONS", {name: QUESTIONS[name] for name in asked})
    _, ways = circles.evaluate(finely_sampled, episodes=60, seed=7)
    *others, both = (QUESTIONS["inside & outside"].answered(ways[name][:, -1]).mean() for name in asked)
    assert both >= max(others) + 0.1


def test_points_stay_close_to_their_plans(evaluation):
    scores, _ = evaluation
    assert max(values["tracking_error_max"] for values in scores["questions"].values()) < 0.2


def test_all_questions_meet_the_same_starts_and_a_seed_repeats_its_ways(bundle, evaluation):
    _, ways = evaluation
    for way in ways.values():
        np.testing.assert_array_equal(way[:, 0], ways["nothing"][:, 0])
    again, other = (circles.evaluate(bundle, episodes=2, seed=seed)[1] for seed in (7, 8))
    for name, way in ways.items():
        np.testing.assert_allclose(again[name], way[:2], atol=1e-5)
        assert not np.allclose(other[name], way[:2], atol=0.01)


def test_table_and_picture_show_the_scores(evaluation, tmp_path):
    scores, ways = evaluation
    scores = {**scores, "processor": "a processor"}
    console = Console(record=True, width=140)
    circles_report.print_table(scores, console)
    shown = console.export_text()
    for row in circles_report.rows(scores):
        assert row[0] in shown
        assert f"| {' | '.join(row)} |" in circles_report.markdown(scores)
    picture = circles_plot.plot_ways(ways, tmp_path / "new" / "circles.png", title="Ends")
    assert imread(picture).std() > 0.05


def test_the_command_evaluates_a_bundle_of_an_earlier_run(bundle, tmp_path, capsys):
    arguments = ["evaluate", "circles", "--bundle", str(bundle.directory), "--episodes", "2", "--seed", "7"]
    arguments += ["--json", str(tmp_path / "scores.json"), "--output", str(tmp_path / "unused")]
    assert main.run(arguments, application=main.build_application(["evaluate"])) == 0
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert (scores["episodes"], scores["seed"]) == (2, 7)
    assert set(scores["questions"]) == set(QUESTIONS)
    manifest = bundle.manifest
    assert (scores["model"], scores["sampling"]) == (manifest.name, dataclasses.asdict(manifest.sampling))
    assert scores["denoiser_sha256"] == hashlib.sha256((bundle.directory / "denoiser.onnx").read_bytes()).hexdigest()
    assert (tmp_path / "scores.png").is_file()
    assert not (tmp_path / "unused").exists()
    assert "Ends of trajectories in the plane" in capsys.readouterr().out
