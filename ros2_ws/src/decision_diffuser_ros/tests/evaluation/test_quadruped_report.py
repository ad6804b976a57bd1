"""Reports show the scores as they are."""

from rich.console import Console

from decision_diffuser_ros.evaluation import quadruped_report

ROW = {"episodes": 4, "survived": 0.75, "pattern_share": 0.9, "gait_share": 0.95, "speed_mean": 0.6}
SCORES = {
    "gaits": {
        "trot": ROW
        | {f"expert_{name}": 1.0 for name in ROW if name != "episodes"}
        | {"one_step": ROW | {"survived": 0.5}}
    },
    "pushed": {"trot": ROW | {"survived": 0.25}},
    "time_step_2ms": {"trot": ROW},
    "switches": {
        "trot_to_pace": {"switches": 4, "survived": 1.0, "reached": 0.5, "seconds_to_reach_p95": None},
        "pace_to_trot": {"switches": 4, "survived": 1.0, "reached": 1.0, "seconds_to_reach_p95": 0.32},
    },
    "plan_ms_p50": 6.0,
    "plan_ms_p95": 9.0,
    "plan_ms_p99": 12.0,
    "processor": "a processor",
}


def test_the_markdown_has_every_row_of_every_table():
    text = quadruped_report.markdown(SCORES)
    assert "| trot | planner | 4 | 75.0 | 0.900 | 0.950 | 0.60 |" in text
    assert "|  | scripted expert | 4 | 100.0 | 1.000 | 1.000 | 1.00 |" in text
    assert "|  | one denoising step | 4 | 50.0 |" in text
    assert "|  | planner, pushed | 4 | 25.0 |" in text
    assert "| trot to pace | 4 | 100.0 | 50.0 | never |" in text
    assert "| pace to trot | 4 | 100.0 | 100.0 | 0.32 |" in text
    assert "6.0 ms median, 9.0 ms p95, 12.0 ms p99 on one thread of a processor" in text


def test_the_terminal_shows_the_same_figures():
    console = Console(record=True, width=160, file=None)
    with console.capture() as captured:
        quadruped_report.print_tables(SCORES, console)
    for figure in ("75.0", "0.32", "never", "12.0 ms p99"):
        assert figure in captured.get()


def test_what_was_not_run_has_no_row():
    only = SCORES | {"pushed": {}, "time_step_2ms": {}, "switches": {}}
    assert "pushed" not in quadruped_report.markdown(only)
    assert "| trot | planner | 4 |" in quadruped_report.markdown(only)


def test_several_trainings_stand_in_one_table_by_their_seed():
    text = quadruped_report.markdown_of_seeds({"1": SCORES, "2": SCORES})
    assert "| 1 | trot | 4 | 75.0 | 0.900 | 1.000 | 0.950 | 0.60 | 1.00 |" in text
    assert "| 2 | trot | 4 |" in text
