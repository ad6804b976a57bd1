"""A data set says what its numbers are, or it cannot be trained on."""

from __future__ import annotations

import dataclasses

import pytest

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.errors import DataError
from decision_diffuser_ros.planner.manifest_records import Entry
from tests.training.toy import DESCRIPTION


def metadata(description: object) -> dict:
    return {"attributes": {"description": description}}


def test_a_description_survives_the_metadata():
    assert DataDescription.from_metadata(metadata(DESCRIPTION.to_json())) == DESCRIPTION
    without_skills = dataclasses.replace(DESCRIPTION, skill_names=())
    assert DataDescription.from_metadata(metadata(without_skills.to_json())) == without_skills


def test_the_kind_of_choice_is_written_where_it_is_not_the_usual_one():
    """Data sets from before there were other kinds than skills say nothing, and their shards must stay alike."""
    assert "choice_kind" not in DESCRIPTION.to_json()
    stacking = dataclasses.replace(DESCRIPTION, choice_kind="constraint", joint_names=())
    assert stacking.to_json()["choice_kind"] == "constraint"
    assert DataDescription.from_metadata(metadata(stacking.to_json())) == stacking


def test_data_without_a_description_is_refused():
    with pytest.raises(DataError, match="does not say what its numbers are"):
        DataDescription.from_metadata({})
    incomplete = {key: value for key, value in DESCRIPTION.to_json().items() if key != "robot"}
    with pytest.raises(DataError, match="key 'robot' is missing"):
        DataDescription.from_metadata(metadata(incomplete))
    repeated = {**DESCRIPTION.to_json(), "joint_names": ["arm", "arm"]}
    with pytest.raises(DataError, match="`joint_names` that are unique"):
        DataDescription.from_metadata(metadata(repeated))


def test_an_action_finds_the_state_entry_that_it_is_a_target_for():
    action = (Entry("lamp_target", "1"), Entry("arm/position_target", "rad"), Entry("horn", "1"))
    assert dataclasses.replace(DESCRIPTION, action=action).target_positions == (2, 0, None)
