"""What an agent takes for the jobs of a day's work: few calls and tokens, as `make bench` reports."""

from __future__ import annotations

import pytest

from bench.day_jobs import JOBS, LISTS, Job, ToolList, counted, tokens_of


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
async def test_a_job_takes_no_more_than_it_should(job: Job) -> None:
    done = await counted(job)
    assert done.calls <= job.max_calls
    assert done.tokens <= (job.max_tokens or done.tokens)


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.surface)
async def test_a_short_list_is_short_with_its_output_schemas(listed: ToolList) -> None:
    assert await tokens_of(listed) <= listed.max_tokens
