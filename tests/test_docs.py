"""What the pages say is there: files, modules, headings that they link to,
and the options of the commands that they show.
"""

import contextlib
import io
import itertools
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import stylerep
from harness_ext.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tasks/README.md", "findings/README.md")),
    ]
)
FOLDERS = "synth|distill|harness_ext|stylerep|tasks|studies|benchmarks|findings|examples|tests|docs"
PACKAGES = "synth|distill|harness_ext|stylerep|benchmarks"
# what a page has its reader make
WRITTEN_BY_READERS = {"synth/problems/coins.py", "tests/synth/problems/test_coins.py"}
ARE_PAGES = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Return the page without its blocks of code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^(    |\t).*$", "", text, flags=re.MULTILINE)


def headings(page: Path) -> set[str]:
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@ARE_PAGES
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for target, _, heading in re.findall(r"\]\(([^)#\s]*)(#([^)\s]+))?\)", prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        file = page.parent / target if target else page
        if not file.exists() or (heading and heading not in headings(file)):
            missing.append(f"{target}#{heading}")
    assert not missing


@ARE_PAGES
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`([^`\n]+)`", prose(page))
    files = {name for span in named for name in re.findall(rf"(?<![\w/.~-])(?:{FOLDERS})/[\w./*-]*", span)}
    modules = {
        name
        for span in named
        for name in re.findall(rf"(?<![\w/.-])(?:{PACKAGES})(?:\.(?!py\b)\w+)+(?![\w/])", span)
    }
    modules |= set(re.findall(r"python -m (benchmarks[\w.]*)", page.read_text(encoding="utf-8")))
    assert [
        name for name in sorted(files - WRITTEN_BY_READERS) if not list(ROOT.glob(name.rstrip("/.")))
    ] == []
    assert [name for name in sorted(modules) if not is_there(name)] == []


def is_there(dotted: str) -> bool:
    """Say whether a dotted name is a module, or what follows the module stands in its file."""
    parts = dotted.split(".")
    for n in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:n])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                source = file.read_text(encoding="utf-8")
                return all(re.search(rf"\b{name}\b", source) for name in parts[n:])
    return False


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield where each command stands that is shown in a block, and its words after ``stylerep``."""
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        fenced = False
        for line in lines:
            fenced ^= line.startswith("```")
            if (fenced or line.startswith("    ")) and (
                shown := re.match(r"\s*(?:[$#] )?(?:nice |time )?stylerep ([a-z].*)", line)
            ):
                words = shlex.split(shown[1].split(" | ")[0].split(" > ")[0], comments=True)
                yield f"{page.relative_to(ROOT)}: {line.strip()}", [word for word in words if word != "…"]


SHOWN = list(commands())


def test_commands_are_found() -> None:
    assert len({verb for _, (verb, *_) in SHOWN}) > 8


@pytest.mark.parametrize("words", [words for _, words in SHOWN], ids=[where for where, _ in SHOWN])
def test_commands_have_the_options_that_they_are_shown_with(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = typer.main.get_command(app)
    while isinstance(command, typer.core.TyperGroup):
        assert words
        assert words[0] in command.commands
        command = command.commands[words.pop(0)]
    # raises for an option that is not there, or a value of another type
    rest = command.make_context(command.name, words).args
    if rest:  # the verb that takes lm_eval's options too
        from lm_eval._cli import HarnessCLI

        # ${NAME} is of the environment: lm_eval is not given it
        plain = [re.sub(r"\$\{(\w+)\}", r"\1", word) for word in rest]
        monkeypatch.setattr(sys, "argv", ["lm_eval", "run", *plain])
        HarnessCLI().parse_args()  # exits for an option that is not there


@pytest.mark.parametrize(("name", "printed"), [("docs/tutorial.md", 5), ("docs/reference/api.md", 2)])
def test_snippets_print_what_the_page_says(name: str, printed: int) -> None:
    """What is printed stands in the comments of a snippet, or in the blocks of text below it up to its next
    heading; … leaves the rest out.
    """
    names: dict[str, object] = {}
    told = []
    for section in re.split(r"^## ", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE):
        out = io.StringIO()
        for snippet in re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
            with contextlib.redirect_stdout(out):
                exec(snippet, names)  # noqa: S102
            told += [(comment, out) for comment in re.findall(r"# ((?:.|\n# )+)", snippet)]
        if out.getvalue():
            told += [
                (text, out) for text in re.findall(r"^```text\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
            ]
    assert len(told) == printed
    for text, out in told:
        assert " ".join(text.replace("\n# ", " ").removesuffix("…").split()) in " ".join(
            out.getvalue().split()
        )


def test_the_page_of_the_package_has_every_name() -> None:
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\.\. auto\w+:: stylerep\.(\w+)$", page, re.MULTILINE)) == set(stylerep.__all__)


def test_the_problem_source_of_its_page_works() -> None:
    page = (ROOT / "docs/how-to/add-a-problem-source.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(\"\"\".*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "coins"}
    exec(source, names)  # noqa: S102
    problems = list(itertools.islice(names["coins"]("train"), 50))
    rows = stylerep.render(problems, arms=["sbs", "hc", "hc_w"], dials={"trace_words": 60})
    assert all(
        stylerep.score(row.response, answer=problem.answer).correct
        for problem, row in zip(problems, rows["hc"], strict=True)
    )
    assert not any(
        stylerep.score(row.response, answer=problem.answer).correct
        for problem, row in zip(problems, rows["hc_w"], strict=True)
    )
    assert " ".join(rows["sbs"][0].response.split()) in " ".join(page.split())
