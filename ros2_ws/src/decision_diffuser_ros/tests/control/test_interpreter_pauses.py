"""Pauses of the interpreter: threads take turns quickly, and what is there already is not collected again and again."""

import gc
import sys

import pytest

from decision_diffuser_ros.control.interpreter_pauses import SWITCH_INTERVAL, shorten_pauses


@pytest.fixture(autouse=True)
def restored():
    interval = sys.getswitchinterval()
    yield
    gc.unfreeze()
    sys.setswitchinterval(interval)


def test_threads_take_turns_within_half_a_millisecond():
    shorten_pauses()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)


def test_what_is_there_already_is_left_alone_and_what_comes_later_is_collected():
    kept: list[object] = []
    kept.append(kept)
    shorten_pauses()
    assert gc.get_freeze_count() > 0
    assert not any(each is kept for each in gc.get_objects())
    later: list[object] = []
    later.append(later)
    del later
    assert gc.collect() >= 1
