"""An evaluation before anything keeps it."""

from server.evaluation.jobs.evaluation_job import Job, JobState


def test_the_states_that_are_over() -> None:
    assert [state for state in JobState if state.over] == [JobState.FINISHED, JobState.CANCELLED, JobState.FAILED, JobState.UNFINISHED]
    assert Job.model_fields.keys() >= {"id", "state", "request"}
