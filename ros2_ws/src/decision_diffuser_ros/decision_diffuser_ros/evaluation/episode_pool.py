"""Many episodes on all cores, each in whatever process is free."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import Any, TypeVar

from decision_diffuser_ros.process_pool import process_pool

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


def outcomes_of(
    jobs: Sequence[Job],
    run: Callable[[Job], Outcome],
    *,
    processes: int,
    prepare: Callable[..., None],
    arguments: tuple[Any, ...],
) -> Iterator[tuple[Job, Outcome]]:
    """Runs the jobs and yields each with its outcome as it is done.

    Args:
        jobs: picklable, as their outcomes.
        run: a function of a module; its outcome must not depend on the jobs that its process ran before.
        processes: how many, each begun afresh.
        prepare: called once in every process.
        arguments: of `prepare`.
    """
    with process_pool(processes, prepare=prepare, arguments=arguments) as pool:
        job_of = {pool.submit(run, job): job for job in jobs}
        for done in as_completed(job_of):
            yield job_of[done], done.result()
