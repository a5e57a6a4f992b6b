import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness_ext.pages.leaderboard.annotate import item_record, response_records
from harness_ext.pages.leaderboard.shards import write_outcomes, write_shards
from synth.style import KINDS, STAGES
from tests.hostile import hostile_responses


def unpacked(path: Path) -> tuple[str, Any]:
    found = re.fullmatch(r'stylerep\.take\((".*?"),"([A-Za-z0-9+/=]*)"\)\n', path.read_text(encoding="ascii"))
    assert found is not None
    return json.loads(found[1]), json.loads(gzip.decompress(base64.b64decode(found[2])))


def response_record(response: str | None, sample: dict[str, Any]) -> dict[str, Any]:
    (record,) = response_records([(response, sample)])
    return record


def test_shards_are_cut_by_number_and_by_size(tmp_path: Path) -> None:
    records = [{"text": "x" * (1_500_000 if i == 250 else 10), "i": i} for i in range(260)]
    assert write_shards("runs/a/c", iter(records), tmp_path) == [0, 100, 200, 250, 251]
    keys, contents = zip(*(unpacked(tmp_path / f"{i}.js") for i in range(5)), strict=True)
    assert keys == tuple(f"runs/a/c/{i}" for i in range(5))
    assert [record for content in contents for record in content] == records


def test_the_same_records_give_the_same_bytes_and_old_shards_go(tmp_path: Path) -> None:
    write_shards("k", ({"i": i} for i in range(250)), tmp_path)
    first = (tmp_path / "0.js").read_bytes()
    assert write_shards("k", ({"i": i} for i in range(100)), tmp_path) == [0]
    assert (tmp_path / "0.js").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["0.js"]


def test_no_record_makes_no_shard(tmp_path: Path) -> None:
    assert write_shards("k", [], tmp_path / "new") == []


def test_a_shard_holds_any_text_and_no_number_that_json_lacks(tmp_path: Path) -> None:
    hostile = {"text": "</script>\ud800\x00\U0001f600]]>", "bad": [float("nan")]}
    write_shards("k", [hostile], tmp_path)
    assert unpacked(tmp_path / "0.js")[1] == [{**hostile, "bad": [None]}]


def test_outcomes(tmp_path: Path) -> None:
    write_outcomes("runs/a/c", [1.0, 0.0, 1 / 3], tmp_path)
    assert unpacked(tmp_path / "outcomes.js") == ("runs/a/c/outcomes", [1, 0, 0.3333])


def units(text: str, start: int, end: int) -> str:
    """Cut a text as JavaScript does."""
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def test_spans_of_a_response_count_as_javascript_counts() -> None:
    text = (
        "\U0001f600<think>\U0001f600 First, 18 + 3 = 21. Wait, \ud800is that right?\U0001f600 So 2 * 4 ="
        " 9.</think>The answer is 21."
    )
    record = response_record(
        text, {"doc": {"answer": "21", "answer_type": "number"}, "acc": 1, "pivot_density": 2.5, "unheard": 3}
    )
    assert [(bool(true), units(text, start, end)) for true, start, end in record["claims"]] == [
        (True, "18 + 3 = 21"),
        (False, "2 * 4 = 9"),
    ]
    assert [(KINDS[kind], units(text, start, end)) for kind, start, end in record["pivots"]] == [
        ("realization", "Wait")
    ]
    assert units(text, *record["thinking"]).endswith("So 2 * 4 = 9.")
    assert all(0 <= stage < len(STAGES) for stage, _, _ in record["stages"])
    assert (record["stated"], record["gold"], record["recorded"]) == ("21", "21", None)
    assert record["metrics"] == {"acc": 1.0, "pivot_density": 2.5}


def test_a_response_without_tags_ends_its_thinking_where_the_answer_is_stated() -> None:
    text = "We add 2 + 2 = 4 here. The answer is 4."
    assert units(text, *response_record(text, {})["thinking"]) == "We add 2 + 2 = 4 here."
    assert response_record("The answer is 4.", {})["thinking"] is None


def test_what_came_with_a_response_is_shown() -> None:
    sample = {
        "doc": {"question": "1 + 1?"},
        "target": "2",
        "filter": "strict-match",
        "filtered_resps": ["2"],
        "acc": 0.0,
        "recorded_acc": 1.0,
    }
    record = response_record("So #### 3", sample)
    assert (record["stated"], record["gold"], record["recorded"]) == ("2", "2", 1.0)


def test_a_task_without_text_has_scores_alone() -> None:
    record = response_record(
        None, {"doc": {"choices": ["long", "short"], "gold": 1}, "target": "1", "acc": 1.0}
    )
    assert record == {"text": None, "gold": "short", "recorded": None, "metrics": {"acc": 1.0}}


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (
            {"doc": {"id": "a", "prompt": "P", "answer": "1", "answer_type": "number"}, "target": "1"},
            {"id": "a", "question": "P", "gold": "1"},
        ),
        (
            {
                "doc_id": 4,
                "doc": {"text_": "x"},
                "arguments": {"gen_args_0": {"arg_0": "sent"}},
                "target": "B",
            },
            {"id": "4", "question": "sent", "gold": "B"},
        ),
        (
            {"doc_id": 4, "doc": "odd", "arguments": [["sent", {}]], "target": 3},
            {"id": "4", "question": "sent", "gold": "3"},
        ),
        ({}, {"id": "", "question": "", "gold": ""}),
    ],
)
def test_an_item_says_what_was_asked(sample: dict[str, Any], expected: dict[str, str]) -> None:
    assert item_record(sample) == expected


def test_hostile_responses_are_recorded_with_spans_inside(tmp_path: Path) -> None:
    records = []
    for text in hostile_responses(500, seed=7):
        record = response_record(
            text, {"doc": {"answer": text[:50], "answer_type": "latex"}, "acc": float("nan")}
        )
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        for _, start, end in (*record["stages"], *record["pivots"], *record["claims"]):
            assert 0 <= start < end <= length
        records.append(record)
    write_shards("k", records, tmp_path)
    assert len([record for path in tmp_path.iterdir() for record in unpacked(path)[1]]) == 500


def test_records_of_many_are_those_of_each() -> None:
    samples: list[tuple[str | None, dict[str, Any]]] = [
        (text, {"acc": number % 2}) for number, text in enumerate(hostile_responses(150, seed=5))
    ]
    samples[3:3] = [(None, {"target": "7"}), ("", {})]
    assert list(response_records(samples)) == [response_record(*one) for one in samples]
