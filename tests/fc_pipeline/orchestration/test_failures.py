"""Failures of runs in one line."""

import errno
import os

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from fc_pipeline.orchestration.failures import describe_run_failure


def test_a_run_that_fails_outside_its_steps_says_why(memory_disk):
    class FullDisk(dg.Executor):
        retries = property(lambda self: None)

        def execute(self, plan_context, execution_plan):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield

    @dg.executor
    def full_disk(context):
        return FullDisk()

    @dg.job(executor_def=full_disk)
    def toy():
        pass

    with dg.DagsterInstance.local_temp(str(memory_disk)) as instance:
        run = instance.create_run_for_job(toy)
        events = list(execute_run_iterator(InMemoryJob(toy), run, instance))
    (failure,) = [event for event in events if event.is_job_failure]
    line = "toy: OSError: [Errno 28] No space left on device, outside of any step; run again"
    assert describe_run_failure(failure) == line
