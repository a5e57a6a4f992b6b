"""The names of the package stylerep: there, lazy, quick, documented, and seen by type checkers."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stylerep

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch",
    "lm_eval",
    "numpy",
    "scipy",
    "pandas",
    "transformers",
    "datasets",
    "pydantic",
    "yaml",
    "synth",
    "harness_ext",
    "distill",
)
FUNCTIONS = [name for name in stylerep.__all__ if inspect.isfunction(getattr(stylerep, name))]
TREE = ast.parse((ROOT / "stylerep/__init__.py").read_text(encoding="utf-8"))


def python(code: str) -> list[str]:
    """Run a program in a process of its own; return the lines that it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300, env=environment
    )
    return done.stdout.splitlines()


def test_importing_the_face_imports_nothing_else() -> None:
    (loaded,) = python(f"import sys, stylerep\nprint([name for name in {HEAVY!r} if name in sys.modules])")
    assert loaded == "[]"


def test_importing_the_face_is_quick() -> None:
    """Within 0.15 s where the machine is idle: here, in processor time, less a bare start of Python,
    so that other work doesn't count.
    """
    code = "import os{}\nprint(sum(os.times()[:2]))"
    bare, face = (min(float(python(code.format(more))[0]) for _ in range(3)) for more in ("", ", stylerep"))
    assert face - bare < 0.1


@pytest.mark.parametrize(
    "use",
    [
        "stylerep.score('<think>2 + 3 = 5. Wait.</think>The answer is 5.', answer=5)",
        "stylerep.read_style('Wait, 2 + 3 = 5.')",
        "stylerep.compare([0, 1, 1, 0] * 9, [1, 1, 1, 0] * 9)",
        "stylerep.plan()",
        "stylerep.render(stylerep.load_problems('arith', n=1))",
        "(stylerep.load_run, stylerep.leaderboard, stylerep.reproduce, stylerep.evaluate, stylerep.distill)",
    ],
)
def test_reading_scoring_and_comparing_load_neither_torch_nor_lm_eval(use: str) -> None:
    (loaded,) = python(
        f"import sys, stylerep\n{use}\nprint([name for name in ('torch', 'lm_eval', 'transformers',"
        " 'datasets', 'pandas') if name in sys.modules])"
    )
    assert loaded == "[]"


def test_type_checkers_see_the_names_that_are_there() -> None:
    checked = next(node for node in TREE.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == stylerep._MODULES
    assert sorted(seen) == sorted(stylerep.__all__)
    assert set(stylerep.__all__) < set(dir(stylerep))
    assert (ROOT / "stylerep/py.typed").exists()
    assert (
        "stylerep"
        in (ROOT / "pyproject.toml")
        .read_text(encoding="utf-8")
        .partition("wheel]\npackages = ")[2]
        .partition("\n")[0]
    )


def test_no_module_hides_a_function_of_its_name() -> None:
    modules = {path.stem for path in (ROOT / "stylerep").glob("*.py")}
    assert not modules & set(stylerep.__all__)


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert stylerep.__version__ == version("stylerep")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        stylerep.nothing  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_documented_and_typed(name: str) -> None:
    function = getattr(stylerep, name)
    text = inspect.getdoc(function) or ""
    sections = [text.index(f"\n{title}:\n") for title in ("Args", "Returns", "Raises", "Example")]
    assert sections == sorted(sections)
    arguments = text[sections[0] : sections[1]]
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        assert f"\n    {parameter.name}: " in arguments
        assert parameter.annotation is not inspect.Parameter.empty
    assert signature.return_annotation is not inspect.Signature.empty
    example = text[sections[3] :].partition("\n")[2].partition("\n")[2]
    assert f"stylerep.{name}(" in example
    ast.parse(inspect.cleandoc(example))


def test_each_function_is_named_in_the_first_words_of_the_package() -> None:
    assert [name for name in FUNCTIONS if f" {name} " not in (stylerep.__doc__ or "")] == []


@pytest.mark.parametrize("name", ["load_problems", "render", "score", "read_style", "plan"])
def test_the_example_of_a_function_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    example = (inspect.getdoc(getattr(stylerep, name)) or "").partition("\nExample:\n")[2]
    exec(inspect.cleandoc(example), {"stylerep": stylerep})  # noqa: S102
    assert capsys.readouterr().out.strip()


def test_a_mistake_is_an_error_of_one_class() -> None:
    from synth.errors import StylerepError

    assert stylerep.StylerepError is StylerepError


@pytest.mark.slow
def test_a_program_of_a_users_is_type_checked(tmp_path: Path) -> None:
    """By mypy, strict: what each function returns is known, and a wrong argument is an error."""
    program = tmp_path / "program.py"
    program.write_text(
        "from pathlib import Path\n"
        "from typing import assert_type\n"
        "import numpy as np\n"
        "import stylerep\n"
        "from harness_ext.compare import Report\n"
        "assert_type(stylerep.score('x', 5).correct, bool | None)\n"
        "assert_type(stylerep.compare([0], [1.0]), stylerep.PairedComparison)\n"
        "assert_type(stylerep.compare(np.zeros(3), np.ones(3)), stylerep.PairedComparison)\n"
        "assert_type(stylerep.compare('a', 'b', by='arm'), Report)\n"
        "assert_type(stylerep.compare('a', 'b').comparisons[0].margin, float)\n"
        "assert_type(stylerep.plan().for_equivalence, int)\n"
        "assert_type(stylerep.render([])['hc'][0].trace, str)\n"
        "assert_type(stylerep.evaluate('m', 't', 'o'), Path)\n"
        "stylerep.score(5)\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(tmp_path / "cache"),
        "--config-file",
        str(ROOT / "pyproject.toml"),
        str(program),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600, env=environment
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1, done.stdout
    assert 'program.py:14: error: Argument 1 to "score"' in errors[0]
