"""Tasks whose items are asked several times: asked, scored and saved draw by draw."""

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lm_eval
import pytest
import torch
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from harness_ext.backends.lm_eval import evaluate
from harness_ext.backends.lm_eval.several_draws import check_repeats, every_draw_scored
from harness_ext.runs.run_folder import RESPONSES, load_run, sample_files, sample_rows
from harness_ext.runs.scores_file import read_scores
from harness_ext.scoring.scores import score
from harness_ext.scoring.task_folder import tasks_path
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.backends.style_hf.test_generation import LIVELY

SAMPLED = "do_sample=true,temperature=0.8"


class Canned(LM):  # type: ignore[misc]  # lm_eval has no types
    """A model whose draws of an item are known: the function's, by document and number of the draw."""

    def __init__(self, say: Callable[[Mapping[str, Any], int], str]) -> None:
        super().__init__()
        self.say, self.seen, self.settings = say, Counter[str](), list[dict[str, Any]]()

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        said = []
        for one in requests:
            said.append(self.say(one.doc, self.seen[one.args[0]]))
            self.seen[one.args[0]] += 1
            self.settings.append(one.args[1])
        return said

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError


def canned(
    task: str, say: Callable[[Mapping[str, Any], int], str], repeats: int | None, folder: Path | None = None
) -> dict[str, Any]:
    """Evaluate a task by canned responses, 2 items, and return lm_eval's results with samples."""
    manager = TaskManager(include_path=str(folder or tasks_path()), include_defaults=False)
    with every_draw_scored(repeats):
        found: dict[str, Any] = lm_eval.simple_evaluate(
            model=Canned(say),
            tasks=[task],
            task_manager=manager,
            limit=2,
            log_samples=True,
            gen_kwargs={"do_sample": True, "temperature": 0.7},
            bootstrap_iters=0,
        )
    return found


def test_each_draw_is_scored_and_all_are_in_the_samples() -> None:
    """Draws of the first item: right, right in other words, wrong, silent."""

    asked: list[str] = []

    def say(doc: Mapping[str, Any], draw: int) -> str:
        asked.append(doc["id"])
        other = int(doc["answer"]) + 1
        of_draw = [f"The answer is {doc['answer']}.", f"\\boxed{{{doc['answer']}.0}}", f"So {other}.", "Hm."]
        return of_draw[draw] if doc["id"] == asked[0] else f"The answer is {other}."

    found = canned("style_arith", say, 4)
    first, second = found["samples"]["style_arith"]
    assert first["resps"] == first["filtered_resps"]
    assert [len(one) for one in first["resps"]] == [4]
    by_hand = {"acc": 0.5, "draws": 4, "pass@2": 5 / 6, "pass@4": 1, "maj@4": 1, "answered": 0.75}
    assert {name: first[name] for name in by_hand} == pytest.approx(by_hand)
    assert (second["acc"], second["pass@4"], second["maj@4"], second["answered"]) == (0, 0, 0, 1)
    alone = [score(text, str(first["doc"]["answer"])) for text in first["resps"][0]]
    for name in alone[0]:
        assert first[name] == pytest.approx(sum(one[name] for one in alone) / 4), name
    results = found["results"]["style_arith"]
    assert results["pass@2,none"] == pytest.approx(5 / 12)
    assert results["acc,none"] == 0.25


OWN = """
task: own_sums
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: generate_until
doc_to_text: question
doc_to_target: answer
generation_kwargs: {until: [], do_sample: true, temperature: 0.5}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
filter_list:
  - {name: number, filter: [{function: regex, regex_pattern: "(\\\\d+)"}, {function: take_first}]}
"""


@pytest.fixture
def own_tasks(tmp_path: Path) -> Path:
    data = tmp_path / "sums.jsonl"
    data.write_text(
        "".join(json.dumps({"question": f"{i} + 1?", "answer": str(i + 1)}) + "\n" for i in range(2))
    )
    folder = tmp_path / "tasks"
    folder.mkdir()
    text = OWN.replace("DATA", str(data))
    (folder / "own_sums.yaml").write_text(text + "repeats: 4\n")
    several = text.replace("own_sums", "own_votes").replace(
        "take_first}", "majority_vote}, {function: take_first}"
    )
    (folder / "own_votes.yaml").write_text(several + "repeats: 3\n")
    return folder


def test_a_task_file_says_by_itself_how_often_and_votes_by_what_its_filter_takes(own_tasks: Path) -> None:
    def say(doc: Mapping[str, Any], draw: int) -> str:
        return [f"It's {doc['answer']}!", "9", "none", "9"][draw]

    first, _ = canned("own_sums", say, None, own_tasks)["samples"]["own_sums"]
    assert first["filtered_resps"] == [["1", "9", "[invalid]", "9"]]
    assert (first["exact_match"], first["draws"], first["pass@4"], first["maj@4"]) == (0.25, 4, 1, 0)
    first, _ = canned("own_sums", say, 2, own_tasks)["samples"]["own_sums"]
    assert (first["draws"], first["pass@2"], first["maj@2"]) == (2, 1, 0.5)
    first, _ = canned("own_sums", say, 1, own_tasks)["samples"]["own_sums"]
    assert (first["exact_match"], first["resps"]) == (1, [["It's 1!"]])
    assert "draws" not in first


def test_filters_that_take_several_responses_score_them_themselves(own_tasks: Path) -> None:
    def say(doc: Mapping[str, Any], draw: int) -> str:
        return ["9", doc["answer"], doc["answer"]][draw]

    first, _ = canned("own_votes", say, None, own_tasks)["samples"]["own_votes"]
    assert first["exact_match"] == 1
    assert "draws" not in first
    with pytest.raises(
        StylerepError, match=r"own_votes makes one answer of its 3 responses .* leave --repeats"
    ):
        canned("own_votes", say, 4, own_tasks)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0}, {"temperature": 0.7}, {"do_sample": True}])
def test_greedy_decoding_is_refused_before_anything_is_loaded(settings: dict[str, Any]) -> None:
    with pytest.raises(
        StylerepError, match=r"style_arith is to be asked 4 times, .* 4 equal responses; sample"
    ):
        check_repeats(["style_prefer_kg", "style_arith"], 4, settings)
    check_repeats(["style_arith"], 1, settings)
    check_repeats(["style_arith"], None, settings)
    check_repeats(["style_arith"], 4, {"do_sample": True, "temperature": 0.2})


def test_models_that_take_a_seed_get_another_one_with_each_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness_ext.backends.lm_eval.sampling.takes_seed", lambda lm: True)
    seen: dict[str, list[int]] = {}

    class Seeded(Canned):
        def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
            for one in requests:
                seen.setdefault(one.args[0], []).append(one.args[1]["seed"])
            return super().generate_until(requests)

    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    with every_draw_scored(3):
        lm_eval.simple_evaluate(
            model=Seeded(lambda doc, draw: "7"),
            tasks=["style_arith"],
            task_manager=manager,
            limit=2,
            gen_kwargs={"do_sample": True, "temperature": 0.7, "seed": 5},
            bootstrap_iters=0,
        )
    first, second = seen.values()
    assert first == second
    assert len(set(first)) == 3


def test_an_evaluation_that_passes_us_by_is_an_error() -> None:
    with pytest.raises(StylerepError, match="simple_evaluate did not call evaluate"), every_draw_scored(2):
        pass
    with every_draw_scored(2), pytest.raises(StylerepError, match="task_dict has no tasks"):
        lm_eval.evaluator.evaluate(lm=SimpleNamespace(), task_dict={})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    shape = SHAPES["llama3"]
    lively = dataclasses.replace(shape, config={**shape.config, **LIVELY})
    return build(lively, tmp_path_factory.mktemp("draws") / "model")


def arguments(model: Path, out: Path, limit: int = 6, more: str = "", name: str = "style-hf") -> list[str]:
    asked = ["--tasks", "style_arith", "--limit", str(limit), "--gen_kwargs", f"max_gen_toks=8,{SAMPLED}"]
    given = ["--model", name, "--model_args", f"pretrained={model},dtype=float32{more}", "--device", "cpu"]
    return [*given, *asked, "--output_path", str(out)]


def draws_of(run: Path) -> dict[str, list[str]]:
    (path,) = sample_files(run).values()
    return {row["doc_hash"]: row["resps"][0] for _, row in sample_rows(path)}


@pytest.fixture(scope="module")
def run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluate(arguments(model, tmp_path_factory.mktemp("runs") / "a"), repeats=5)


def test_draws_are_the_same_in_any_company_and_a_killed_run_goes_on(
    model: Path, run: Path, tmp_path: Path
) -> None:
    whole = draws_of(run)
    assert all(len(set(draws)) == 5 for draws in whole.values())
    assert json.loads((run / "manifest.json").read_text())["repeats"] == 5
    few = draws_of(evaluate(arguments(model, tmp_path / "few", 2, ",rows=3"), repeats=3))
    assert few == {item: whole[item][:3] for item in few}
    lines = (run / RESPONSES).read_bytes().splitlines(keepends=True)
    assert len(lines) == 30
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / RESPONSES).write_bytes(b"".join(lines[:17]) + lines[17][:20])
    assert draws_of(evaluate(arguments(model, tmp_path / "cut"), repeats=5)) == whole
    assert (tmp_path / "cut" / RESPONSES).read_bytes().splitlines(keepends=True)[:17] == lines[:17]
    columns = load_run(run).tasks["style_arith", "none"].columns()
    assert columns["draws"].tolist() == [5.0] * 6


def test_items_asked_in_order_have_all_their_draws(model: Path, run: Path, tmp_path: Path) -> None:
    ordered = evaluate(arguments(model, tmp_path / "ordered"), repeats=5, in_order=True)
    assert draws_of(ordered) == draws_of(run)
    scores = read_scores(ordered)
    assert scores is not None
    assert scores.tasks["style_arith", "none"].columns()["draws"].tolist() == [5.0] * 6


def test_a_folder_keeps_to_its_number_of_draws(model: Path, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "a")
    with pytest.raises(StylerepError, match="already holds a run whose repeats is 5, not 4"):
        evaluate(arguments(model, tmp_path / "a"), repeats=4)
