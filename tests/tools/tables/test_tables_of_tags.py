"""Tables of Studio: how often each class has each label, in analyses, sessions and texts given now."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Era, error_of, own, reviewing, told_beside
from results import text_of


async def table_of(era: Era = "auto", **arguments: Any) -> Any:
    async with reviewing(era=era) as (client, _):
        return await client.call_tool("review_table", arguments)


async def test_a_sentiment_report_on_fifty_texts_takes_two_small_calls(era: Era) -> None:
    read = 0
    async with reviewing(era=era) as (client, _):
        models = await client.call_tool("studio_list_project_models", {"project_id": 1})
        read += len(text_of(models))
        model = own(models)["items"][0]["id"]
        texts = [f"The staff was kind on day {number}. Breakfast was cold." for number in range(50)]
        result = await client.call_tool("review_table", {"model_id": model, "texts": texts})
        read += len(text_of(result))
    found = own(result)
    assert found["texts"] == 50
    counts = {row[0]: dict(zip(found["columns"][1:], row[1:], strict=True)) for row in found["rows"]}
    assert counts["Staff"]["POS"] == 50
    assert counts["Breakfast"]["NEG"] == 50
    assert read / 4 < 1_500


@pytest.mark.parametrize(
    "source",
    [
        {"analysis_id": 31},
        {"project_id": 1, "annotation_id": 102},
        {"project_id": 2, "correction_id": 113},
    ],
    ids=["analysis", "labeling session", "correction"],
)
async def test_every_source_is_counted(era: Era, source: dict[str, int]) -> None:
    found = own(await table_of(era, **source))
    at = found["columns"].index("all")
    assert sum(row[at] for row in found["rows"]) == found["tags"] == found["matching"]
    assert all(sum(row[1:at]) in (0, row[at]) for row in found["rows"])
    assert 0 < len(found["examples"]) <= 24
    shown = await table_of(era, **source)
    assert {"rows", "examples"} <= set(shown.structured_content["docreview"]["outside"])


async def test_tags_with_one_label_only_are_counted_by_it() -> None:
    found = own(await table_of(analysis_id=34, examples=0))
    assert found["columns"] == ["label", "all", "share"]
    assert "examples" not in found


async def test_tags_are_rows_with_conditions_and_can_be_summed_up(era: Era) -> None:
    conditions = [{"field": "label", "op": "=", "value": "neg"}]
    listed = own(await table_of(era, analysis_id=31, fields=["class", "text"], conditions=conditions))
    assert listed["columns"] == ["class", "text"]
    grouped = own(await table_of(era, analysis_id=31, conditions=conditions, aggregate={"by": "class"}))
    assert sum(row[1] for row in grouped["rows"]) == listed["matching"] == len(listed["rows"])


async def test_counts_as_a_chart(era: Era) -> None:
    assert told_beside(await table_of(era, analysis_id=31, chart=True))["rows"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "got none of them, expected exactly one of workflow_id, analysis_id"),
        ({"analysis_id": 31, "model_id": 11}, "got analysis_id and model_id"),
        ({"annotation_id": 102}, "project_id: missing with annotation_id"),
        ({"model_id": 11}, "texts: missing with model_id"),
        ({"analysis_id": 31, "columns": ["x"]}, "columns: allowed only with workflow_id"),
    ],
)
async def test_a_source_that_is_not_clear_is_told(arguments: dict[str, Any], said: str) -> None:
    error = error_of(await table_of(**arguments))
    assert said in error["message"]
    assert "Nothing was sent." in error["message"]
