"""What compare prints and writes: terminal, Markdown, LaTeX, JSON, figures, plans, exit codes."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness_ext.compare import compare, report_json
from harness_ext.compare.figures import draw
from harness_ext.compare.planning import plan_tables
from harness_ext.compare.tables import p_text, report_notes, report_tables
from harness_ext.compare.to_text import report_latex, report_markdown
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study, write_run


def stylerep(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness_ext", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"}
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return study(
        tmp_path_factory.mktemp("runs"),
        {"base": 0.2, "st": 0.6, "hc": 0.5, "hc_w": 0.4},
        ("llama3", "qwen3"),
        n=120,
    )


def test_every_table_is_as_wide_as_its_header(runs: list[Path]) -> None:
    tables = report_tables(compare(runs))
    assert [table.title.split(",")[0] for table in tables] == [
        "style_arith",
        "Over families",
        "Shares of a gain",
        "Style against the baseline",
    ]
    for table in tables:
        assert all(len(row) == len(table.header) for row in table.rows), table.title
        assert max(table.left) < len(table.header)


def test_json_is_plain_and_holds_every_signature(runs: list[Path]) -> None:
    content = json.loads(json.dumps(report_json(compare(runs)), allow_nan=False))
    assert len(content["comparisons"]) == 6
    signatures = [
        one["signature"] for one in (*content["comparisons"], *content["families"], *content["shares"])
    ]
    assert all(
        re.fullmatch(r"test:[\w+-]+\|n:\d+\|.*stylerep:[\w.+]+", signature) for signature in signatures
    )
    assert all("|margin:0.05|holm:6|" in one["signature"] for one in content["comparisons"])
    assert len({one["method"] for one in content["comparisons"][0]["beside"]}) == 5
    assert content["families"][0]["families"] == ["llama3", "qwen3"]


def test_the_same_runs_give_the_same_bytes(runs: list[Path], tmp_path: Path) -> None:
    one, two = compare(runs), compare(runs)
    assert report_json(one) == report_json(two)
    assert [path.read_bytes() for path in draw(one, tmp_path / "a")] == [
        path.read_bytes() for path in draw(two, tmp_path / "b")
    ]


def test_a_run_named_to_do_harm_stays_in_its_cell(tmp_path: Path) -> None:
    hostile = r"a|b$x_{2}$[red]\input{x} <script>"
    report = compare(
        [write_run(tmp_path / "base", [1, 0, 1, 0]), write_run(tmp_path / hostile, [1, 1, 1, 0])]
    )
    line = next(line for line in report_markdown(report).splitlines() if line.startswith("| a"))
    assert len(re.findall(r"(?<!\\)\|", line)) == len(report_tables(report)[0].header) + 1
    assert "<script>" not in report_markdown(report).replace(r"\<script\>", "")
    assert r"\input" not in report_latex(report)
    for path in draw(report, tmp_path / "figures"):
        texts = ["".join(element.itertext()) for element in ET.parse(path).iter()]  # noqa: S314 (our own file)
        assert any(hostile in text for text in texts)


def test_figures_show_every_comparison(runs: list[Path], tmp_path: Path) -> None:
    forest, differences = draw(compare(runs), tmp_path / "figures")
    for path in (forest, differences):
        text = path.read_text()
        assert all(
            f"{family}-{arm}-0 − {family}-base-None" in text
            for family in ("llama3", "qwen3")
            for arm in ("st", "hc", "hc_w")
        )
    assert "hc over 2 families" in forest.read_text()


def test_notes_say_how_the_numbers_were_made(runs: list[Path]) -> None:
    notes = "\n".join(report_notes(compare(runs)))
    assert "Holm over 6 comparisons" in notes
    assert "Cochran's Q" in notes
    assert [p_text(p) for p in (None, 0.0004, 0.04, 1.0)] == ["", "<.001", ".040", "1.000"]


def test_a_plan_needs_no_runs() -> None:
    needed, shown = plan_tables(0.05, 0.2)
    ((discordance, items, power, worse, apart),) = needed.rows
    assert discordance == "0.20"
    # both tests at once: half of 20 % each
    assert int(items.replace(",", "")) == pytest.approx(0.2 * ((1.645 + 1.2816) / 0.05) ** 2, rel=0.01)
    assert 76 <= int(power.split()[0]) <= 84
    assert int(worse.replace(",", "")) > int(items.replace(",", ""))
    assert int(apart.replace(",", "")) == pytest.approx(0.2 * ((1.96 + 0.8416) / 0.05) ** 2, rel=0.02)
    assert [row[0] for row in shown.rows] == ["100", "200", "500", "1,000", "2,000"]
    assert plan_tables(0.3, 0.2)[0].rows[0][4] == "impossible"
    for wrong in ((2.0, 0.2, None), (0.05, 0.0, None), (0.05, 1.5, None), (0.05, 0.2, 0)):
        with pytest.raises(StylerepError):
            plan_tables(*wrong)


def test_the_command_ends_as_its_claims_do(runs: list[Path], tmp_path: Path) -> None:
    claims = tmp_path / "claims.yaml"
    two = runs[:3]
    for text, code, says in (
        ("- better: [hc, base]", 0, "claims: met"),
        ("- equivalent: [hc, base]", 1, "claims: not met"),
        ("- equivalent: [hc, st]\n- better: [hc, base]", 2, "claims: inconclusive"),
        ("- better: [hc, nt]", 3, ""),
    ):
        claims.write_text(f"task: style_arith\nmargin: 0.101\nclaims:\n{text}\n")
        done = stylerep("compare", *two, "--claims", claims)
        assert (done.returncode, says in done.stdout) == (code, True), done.stderr
    assert "names nt, which is no arm" in done.stderr
    assert done.stdout == ""
    assert stylerep("compare", *two, "--claims", tmp_path / "none.yaml").returncode == 3
    assert stylerep("compare", *two, "--claims", claims, "--mragin", "1").returncode == 3


def test_what_goes_wrong_beside_claims_is_no_claim_that_is_not_met(runs: list[Path], tmp_path: Path) -> None:
    program = (
        "import sys, harness_ext.compare.comparisons as r; r.load_runs = None; sys.argv = sys.argv[1:]; from"
        " harness_ext.__main__ import main; main()"
    )
    claims = tmp_path / "claims.yaml"
    claims.write_text("claims:\n- {better: [hc, base], task: style_arith}\n")
    command = [sys.executable, "-c", program, "stylerep", "compare", *map(str, runs[:2])]
    done = subprocess.run([*command, f"--claims={claims}"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_a_reader_that_has_had_enough_is_no_claim_that_is_not_met(runs: list[Path]) -> None:
    command = [sys.executable, "-m", "harness_ext", "compare", *map(str, runs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_everything_asked_for_is_written(runs: list[Path], tmp_path: Path) -> None:
    files = {
        "--json": tmp_path / "v.json",
        "--markdown": tmp_path / "v.md",
        "--latex": tmp_path / "v.tex",
        "--figures": tmp_path / "figures",
    }
    done = stylerep(
        "compare", *runs, "--baseline", "base", *(word for pair in files.items() for word in pair)
    )
    assert done.returncode == 0, done.stderr
    assert "different" in done.stdout
    assert json.loads(files["--json"].read_text())["claims"] is None
    assert files["--markdown"].read_text().count("### ") == 4
    assert files["--latex"].read_text().count(r"\begin{tabular}") == 4
    assert sorted(path.name for path in files["--figures"].iterdir()) == ["differences.svg", "forest.svg"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "two different run folders"),
        (["a", "--plan"], "leave run folders out"),
        (["a", "b", "--items", "5"], "go with --plan"),
        (["--plan", "--discordance", "7"], "discordance is a share of items"),
        (["a", "b", "--seed", "-1"], "Invalid value for '--seed'"),
    ],
)
def test_what_compare_does_not_take_is_told_in_a_sentence(arguments: list[str], says: str) -> None:
    done = stylerep("compare", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "place", "says"),
    [
        ("--json", "/nowhere/x.json", "there is no folder /nowhere"),
        ("--figures", "/dev/null/x", "no folder can be made here"),
        ("--figures", "/dev/null", "a file stands where a folder is to be written"),
    ],
)
def test_an_output_that_cannot_be_made_is_told_before_runs_are_read(
    runs: list[Path], option: str, place: str, says: str
) -> None:
    done = stylerep("compare", *runs[:2], option, place)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
