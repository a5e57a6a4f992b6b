"""The student's own style: traces sampled from it (self), structured (self_hc), made wrong (self_w)."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from distill.training.own_traces import check_own_traces
from harness_ext.pipelines.study import reproduce
from harness_ext.pipelines.teach import TeachSettings, teach
from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN
from synth.grading.answers import final_answer, is_right
from synth.problems import load_problems
from synth.style import cut_steps
from synth.traces.datasets import read_dataset
from synth.traces.synthesis import synth
from tests.conftest import one_sentence
from tests.harness_ext.pipelines.study.files import write_study
from tests.harness_ext.teacher_server import Teacher, teacher

N = 12
PROBLEMS = "arith:train:max_steps=3"
UNSOLVED = (2, 7)
ARMS = ["nt", "sbs", "sbs_w", "hc", "self", "self_np", "self_w", "self_hc", "self_hc_w", "self_hc_np"]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def student_says(prompt: str, before: int) -> str:
    """Answer rightly at the second try, and some problems never; now and then in bold, on one line."""
    for number, problem in enumerate(load_problems(PROBLEMS, N)):
        if problem.question not in prompt:
            continue
        steps = ("\n" if number % 2 else " ").join(f"Hmm, **so** {step.text}" for step in problem.steps)
        answer = problem.answer if before and number not in UNSOLVED else "123456789"
        return f"To solve this:\n{steps} Therefore the answer is {answer}.\n\nThe answer is {answer}."
    raise AssertionError(prompt)


def own(server: Teacher, **changes: Any) -> TeachSettings:
    settings = TeachSettings(
        PROBLEMS, "local-chat-completions", server.model_args, n=N, decontaminate=False, sampled_as="self"
    )
    return replace(settings, **changes)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sampled traces of a student: of 10 of 12 problems."""
    out = tmp_path_factory.mktemp("sampled") / "own"
    with pytest.MonkeyPatch.context() as patch, teacher(student_says) as server:
        patch.setenv("NO_PROXY", "127.0.0.1")
        teach(own(server), out)
    return out


def made(sampled: Path, out: Path, unsolved: str, arms: list[str] = ARMS) -> tuple[Rows, dict[str, Any], str]:
    said: list[str] = []
    folders = synth(PROBLEMS, arms, out, like=sampled, unsolved=unsolved, say=said.append)
    read = {arm: read_dataset(folder) for arm, folder in folders.items()}
    return {arm: rows for arm, (rows, _) in read.items()}, read[arms[-1]][1], said[0]


@pytest.fixture(scope="module")
def dropped(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, dict[str, Any], str]:
    return made(sampled, tmp_path_factory.mktemp("drop"), "drop")


def test_own_traces_are_named_self_and_say_how_they_were_sampled(sampled: Path) -> None:
    rows, manifest = read_dataset(sampled)
    assert {row["arm"] for row in rows} == {"self"} == {manifest["arm"]}
    told = manifest["teaching"]
    assert told["student"] == {"name": "teacher", "weights_sha256": None}
    assert (told["attempts"], told["temperature"]) == (4, 0.7)
    ids = [problem.id for problem in load_problems(PROBLEMS, N)]
    assert told["unsolved"] == {ids[number]: "wrong answer" for number in UNSOLVED}


def test_all_arms_hold_the_solved_problems_in_order_and_the_rest_is_named(
    dropped: tuple[Rows, dict[str, Any], str], sampled: Path
) -> None:
    rows, manifest, said = dropped
    ids = [problem.id for problem in load_problems(PROBLEMS, N)]
    left = [one for number, one in enumerate(ids) if number not in UNSOLVED]
    for arm, of_arm in rows.items():
        assert [row["id"] for row in of_arm] == left, arm
        for row in of_arm:
            stated = final_answer(row["response"], row["answer_type"])
            right = is_right(stated, row["answer"], row["answer_type"])
            assert right == row["is_correct"] == (not arm.endswith("_w")), (arm, row["response"])
            tags = 0 if arm == "nt" else 1
            assert (row["response"].count(OPEN), row["response"].count(CLOSE)) == (tags, tags)
    gone = [ids[number] for number in UNSOLVED]
    told = manifest["sampled"]
    assert told["unsolved"] == {"handled": "drop", "count": 2, "reasons": {"wrong answer": 2}, "ids": gone}
    assert (told["asked"], told["attempts"], told["temperature"]) == (N, 4, 0.7)
    assert said == (
        f"self: a right trace of 10 of 12 problems; the other 2 are dropped from all arms: {', '.join(gone)}."
    )
    written = [row["response"] for row in rows["self"]]
    assert written == [row["response"] for row in read_dataset(sampled)[0]]


def test_structure_is_put_around_the_steps_and_wrong_conclusions_change_nothing_else(
    dropped: tuple[Rows, dict[str, Any], str],
) -> None:
    rows, _, _ = dropped
    for plain, wrong, structured, structured_wrong, hc_wrong in zip(
        *(rows[arm] for arm in ("self", "self_w", "self_hc", "self_hc_w", "sbs_w")), strict=True
    ):
        at, body = 0, plain["trace"].rindex("Therefore")
        for step in [*cut_steps(plain["trace"][:body])[0], plain["trace"][body:]]:
            found = structured["trace"].find(step.rstrip("."), at)  # a stop may become a comma
            assert found >= 0, (step, structured["trace"])
            at = found + len(step) - 1
        assert wrong["trace"][:body] == plain["trace"][:body]
        assert wrong["stated_answer"] == hc_wrong["stated_answer"] == structured_wrong["stated_answer"]
        common = structured["trace"].rindex("Therefore")
        assert structured_wrong["trace"][:common] == structured["trace"][:common]
        assert {stage["stage"] for stage in structured["stages"]} >= {"framing", "exploration", "synthesis"}
    assert not any(row["pivots"] for row in rows["self_np"])
    pivots = {arm: sum(len(row["pivots"]) for row in rows[arm]) for arm in ("self", "self_hc", "self_hc_np")}
    assert pivots["self_hc_np"] <= pivots["self"] < pivots["self_hc"]


def test_unsolved_problems_may_be_filled_from_plain_steps(sampled: Path, tmp_path: Path) -> None:
    rows, manifest, said = made(sampled, tmp_path, "sbs")
    ids = [problem.id for problem in load_problems(PROBLEMS, N)]
    assert all([row["id"] for row in of_arm] == ids for of_arm in rows.values())
    for number in range(N):
        filled = number in UNSOLVED
        for arm, source in (("self", "sbs"), ("self_w", "sbs_w"), ("self_hc", "hc")):
            assert (rows[arm][number]["trace"] == rows[source][number]["trace"]) == filled
    assert manifest["sampled"]["unsolved"]["handled"] == "sbs"
    assert "filled from sbs" in said
    assert "filled from sbs" in (tmp_path / "self/README.md").read_text()


def test_what_sampling_passed_over_is_told_of_all_arms(sampled: Path, tmp_path: Path) -> None:
    checked = {
        "words_in_a_row": 13,
        "tasks": {"style_arith": {"questions": 9, "dropped": 4}},
        "not_checked": {},
    }
    _, manifest = read_dataset(sampled)
    copy = _changed(sampled, tmp_path / "own", manifest | {"decontamination": checked})
    _, told, _ = made(copy, tmp_path / "out", "drop", ["nt", "self"])
    assert told["decontamination"] == checked
    assert "4 problems dropped" in (tmp_path / "out/nt/README.md").read_text()


def test_a_teacher_s_traces_have_the_same_arms(tmp_path: Path) -> None:
    with teacher(student_says) as server:
        teach(own(server, sampled_as="st"), tmp_path / "own")
    rows, manifest, _ = made(tmp_path / "own", tmp_path / "out", "drop", ["hc_w", "st", "st_w", "st_hc"])
    assert manifest["sampled"]["student"] is None
    for hc_wrong, right, wrong, structured in zip(*rows.values(), strict=True):
        assert hc_wrong["id"] == right["id"] == wrong["id"] == structured["id"]
        assert hc_wrong["stated_answer"] == wrong["stated_answer"] != right["stated_answer"]
        assert len(structured["trace"]) > len(right["trace"])


def test_an_answer_that_cannot_be_made_wrong_is_left_out_of_all_arms(sampled: Path, tmp_path: Path) -> None:
    table_rows, manifest = read_dataset(sampled)
    odd = _changed(sampled, tmp_path / "odd", manifest)
    last = table_rows[-1]
    # In the trace the answer stands in another form than after it, where no other can be put.
    trace = f"It is counted.\n\nSo the answer is {last['answer']}.0."
    _rewrite(odd, last["id"], f"<think>\n{trace}\n</think>\n\nThe answer is {last['answer']}.")
    rows, told, _ = made(odd, tmp_path / "out", "drop", ["nt", "self", "self_w"])
    kept = [row["id"] for row in table_rows]
    assert all([row["id"] for row in of_arm] == kept[:-1] for of_arm in rows.values())
    assert told["sampled"]["unsolved"]["reasons"]["its answer cannot be made wrong"] == 1
    assert told["sampled"]["unsolved"]["count"] == N - len(kept) + 1
    right, _, _ = made(odd, tmp_path / "right", "drop", ["nt", "self"])
    assert [row["id"] for row in right["self"]] == kept


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"keep": "all"}, "it has several traces of a problem .--keep all., and arms take one"),
        ({"unsolved": None}, "teaching: unsolved: expected a mapping, found None"),
    ],
)
def test_a_set_that_is_no_arm_is_refused(
    change: dict[str, Any], says: str, sampled: Path, tmp_path: Path
) -> None:
    _, manifest = read_dataset(sampled)
    copy = _changed(sampled, tmp_path / "own", manifest | {"teaching": manifest["teaching"] | change})
    with pytest.raises(StylerepError, match=says):
        synth(PROBLEMS, ["self"], tmp_path / "out", like=copy)


def _changed(sampled: Path, copy: Path, manifest: dict[str, Any]) -> Path:
    shutil.copytree(sampled, copy)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return copy


def _rewrite(folder: Path, identifier: str, response: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "train.parquet")
    texts = [
        response if one == identifier else text
        for one, text in zip(table["id"].to_pylist(), table["response"].to_pylist(), strict=True)
    ]
    place = table.schema.get_field_index("response")
    pq.write_table(table.set_column(place, "response", pa.array(texts)), folder / "train.parquet")


def test_only_the_student_itself_is_trained_on_its_traces(sampled: Path, tmp_path: Path) -> None:
    _, manifest = read_dataset(sampled)
    check_own_traces(sampled, manifest, "teacher", None)
    check_own_traces(sampled, manifest | {"arm": "hc"}, "another", None)
    told = manifest["teaching"] | {"student": {"name": "teacher", "weights_sha256": "ab" * 32}}
    digested = manifest | {"arm": "self_hc_w", "sampled": told}
    check_own_traces(sampled, digested, "the same in another folder", "ab" * 32)
    with pytest.raises(StylerepError, match=r"another student's own traces .teacher, .*and teacher is to be"):
        check_own_traces(sampled, digested, "teacher", "cd" * 32)
    with pytest.raises(StylerepError, match=r"another student's own traces \(teacher\), and another is to"):
        check_own_traces(sampled, manifest, "another", "cd" * 32)
    with pytest.raises(StylerepError, match="doesn't say whose own traces"):
        check_own_traces(sampled, {"arm": "self"}, "teacher", None)


def test_another_student_s_traces_are_refused_by_distill(
    sampled: Path, tmp_path: Path, tiny_model: Path, stylerep_here: Callable[..., Any]
) -> None:
    told = one_sentence(
        stylerep_here("distill", "--model", tiny_model, "--data", sampled, "--out", tmp_path / "adapter")
    )
    assert "another student's own traces (teacher)" in told
    assert not (tmp_path / "adapter").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "No response to 2 problems could be kept"),
        (("--write", "hc"), "goes with neither --write nor --keep all"),
        (("--keep", "all"), "goes with neither --write nor --keep all"),
        (("--arm", "sts"), "--arm is st or self, not 'sts'"),
    ],
)
def test_what_cannot_be_sampled_is_told(
    options: tuple[str, ...],
    says: str,
    tmp_path: Path,
    tiny_model: Path,
    stylerep_here: Callable[..., Any],
) -> None:
    """A random model solves nothing."""
    rest = ("--problems", PROBLEMS, "--n", 2, "--samples", 1, "--max-tokens", 4, "--no-decontaminate")
    of_writers = rest[:4] + rest[6:] if "--write" in options else rest
    asked = ("--model", "hf", "--model_args", f"pretrained={tiny_model}", *of_writers)
    told = one_sentence(stylerep_here("teach", "--arm", "self", *asked, *options, "--out", tmp_path / "own"))
    assert says in told


def test_responses_of_other_weights_are_not_gone_on_with(tmp_path: Path, tiny_model: Path) -> None:
    """A journal of the same command, and another model in the folder that it names."""
    student = tmp_path / "student"
    shutil.copytree(tiny_model, student)
    asked = {
        "model": "hf",
        "model_args": {"pretrained": str(student)},
        "n": 2,
        "attempts": 1,
        "max_tokens": 4,
    }
    settings = own(Teacher(""), **asked)
    with pytest.raises(StylerepError, match="No response to 2 problems"):
        teach(settings, tmp_path / "own")
    weights = load_file(student / "model.safetensors")
    save_file({name: one + 1 for name, one in weights.items()}, student / "model.safetensors")
    with pytest.raises(StylerepError, match=r"own\.partial holds a run begun with student weights_sha256"):
        teach(settings, tmp_path / "own")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model_args": {"model": "teacher", "peft": "adapter"}}, "leave peft out of --model_args"),
        ({"model_args": {"base_url": "http://127.0.0.1:1"}}, "--model_args model=…"),
        ({"model": "hf", "model_args": {}}, "--model_args pretrained=…"),
    ],
)
def test_a_student_has_a_name_and_no_adapter(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    settings = replace(own(Teacher("http://127.0.0.1:1")), **changes)
    with pytest.raises(StylerepError, match=says):
        teach(settings, tmp_path / "own")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"arms": ["self"]}, "stylerep teach --arm self. with --like"),
        ({"arms": ["st_w"]}, "--like, or any traces with --from"),
        ({"arms": ["self"], "like": "rendered"}, "stylerep teach sampled, and this data set holds none"),
        ({"arms": ["st"], "like": "sampled"}, "cannot be made here"),
        ({"arms": ["self"], "like": "sampled", "unsolved": "fill"}, "--unsolved is drop or sbs, not 'fill'"),
        ({"arms": ["nt"], "like": "sampled", "unsolved": "sbs"}, "--unsolved goes with --like"),
        ({"arms": ["self"], "like": "sampled", "seed": 3}, "with seed 0, not of arith.* with seed 3"),
        ({"arms": ["self"], "like": "sampled", "out": "."}, "own"),
    ],
)
def test_arms_of_own_traces_need_their_data_set(
    arguments: dict[str, Any], says: str, sampled: Path, tmp_path: Path
) -> None:
    if arguments.get("like") == "rendered":
        like: Path | None = synth(PROBLEMS, ["nt"], tmp_path / "a", 3, decontaminate=False)["nt"]
    else:
        like = sampled if "like" in arguments else None
    out = tmp_path / "out"
    if "out" in arguments:
        like = tmp_path / "out/self"
        out.mkdir()
        shutil.copytree(sampled, like)
        says = str(like)
    rest = {name: value for name, value in arguments.items() if name not in ("like", "out")}
    with pytest.raises(StylerepError, match=says):
        synth(PROBLEMS, rest.pop("arms"), out, like=like, **rest)


@pytest.mark.slow
def test_a_study_trains_each_student_on_its_own_traces(tmp_path: Path, tiny_model: Path) -> None:
    with teacher(student_says) as server:
        asked = {
            "model": "local-chat-completions",
            "model_args": f"base_url={server.url},max_retries=1",
            "decontaminate": False,
        }
        study = write_study(
            tmp_path,
            tiny_model,
            problems=PROBLEMS,
            n=N,
            arms=["nt", "self", "self_hc"],
            claims=[{"name": "own style helps", "better": ["self", "nt"]}],
            **{"self": asked},
        )
        outcome = reproduce(study, tmp_path / "out", say=lambda text: None)
    assert not outcome.state.failed
    rows = {arm: read_dataset(tmp_path / f"out/data/tiny/{arm}")[0] for arm in ("nt", "self", "self_hc")}
    assert all([row["id"] for row in of_arm] == [row["id"] for row in rows["nt"]] for of_arm in rows.values())
    assert len(rows["nt"]) == N - len(UNSOLVED)
    trained = json.loads((tmp_path / "out/adapters/tiny/self-0/manifest.json").read_text())
    assert trained["arm"] == "self"
    assert json.loads((tmp_path / "out/verdicts.json").read_text())["claims"]
