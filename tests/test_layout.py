"""How the tree is laid out: what may import what, and one name for one thing."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = (
    "synth",
    "distill.models",
    "distill",
    "harness_ext.runs",
    "harness_ext.scoring",
    "harness_ext.importing",
    "harness_ext.stats",
    "harness_ext.compare",
    "harness_ext.pages",
    "harness_ext.backends.style_hf",
    "harness_ext.backends",
    "harness_ext.pipelines",
    "stylerep",
    "harness_ext.cli",
    "harness_ext.__main__",
)
"""In the order of the data: a module imports from its own floor and from those before it."""
UPWARD = {
    # Options of commands that a study file holds are read by the commands' own parsers.
    ("harness_ext.pipelines.study.options", "harness_ext.cli"),
    # A model trained from nothing is found by its name like any other, and trained when it is pulled.
    ("distill.models.pretrained", "distill.experimental.scratch.names"),
    ("distill.models.pull", "distill.experimental.scratch.names"),
    ("distill.models.pull", "distill.experimental.scratch.pretrain"),
}
"""The exceptions, each with its reason."""


def _modules() -> dict[str, ast.Module]:
    paths = [
        path
        for folder in ("synth", "distill", "harness_ext", "stylerep")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    names = {
        path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
    }
    return {name: ast.parse(path.read_text(encoding="utf-8")) for path, name in names.items()}


MODULES = _modules()


def _imports(tree: ast.Module, at_run_time: bool = False) -> Iterator[str]:
    """Yield the modules of ours that a module imports, within functions too;
    *at_run_time* leaves out those for type checkers alone.
    """
    typed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            typed.update(inner for part in node.body for inner in ast.walk(part))
    for node in ast.walk(tree):
        if at_run_time and node in typed:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                if (found := within if within in MODULES else node.module) in MODULES:
                    yield found
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


def _floor(module: str) -> int:
    held = [floor for floor in FLOORS if module == floor or module.startswith(f"{floor}.")]
    return FLOORS.index(max(held, key=len)) if held else len(FLOORS)


def test_nothing_imports_from_a_floor_above_its_own() -> None:
    upward = {
        (name, found)
        for name, tree in MODULES.items()
        for found in _imports(tree)
        if _floor(found) > _floor(name) and found.count(".") and name != "harness_ext"
    }
    assert upward == UPWARD


def test_there_are_no_import_circles() -> None:
    graph = {
        name: {
            found
            for found in _imports(tree, at_run_time=True)
            if found != name and (name, found) not in UPWARD and not name.startswith(f"{found}.")
        }
        for name, tree in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_two_classes_have_one_name() -> None:
    names = Counter(
        node.name for tree in MODULES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_what_never_ran_on_the_real_thing_says_so_first() -> None:
    found = [
        (name, ast.get_docstring(tree) or "") for name, tree in MODULES.items() if ".experimental" in name
    ]
    assert found
    assert [name for name, text in found if not text.startswith("Experimental")] == []
