"""How `make docs` builds the site: Sphinx reads these pages through MyST,
and makes two reference pages from the code.
"""

import re
from importlib.metadata import version as installed
from typing import Any

project = "stylerep"
copyright = "the authors of stylerep; Apache-2.0"
version = release = installed("stylerep")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "stylerep"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
smartquotes = False  # --from is an option, not a dash
highlight_language = "text"  # most blocks are commands and what they print

myst_heading_anchors = 4  # links to headings are checked, as files are
myst_disable_syntax = ["myst_line_comment"]  # a line may begin with a per cent sign

autodoc_typehints = "description"
autodoc_member_order = "bysource"
default_role = "py:obj"  # `name` in a docstring

_COMMANDS = "<!-- the verbs, made from the command itself -->"


def _verbs() -> str:
    """Return all verbs of the command with their arguments and options, as Markdown."""
    import typer
    from typer.cli import get_docs_for_click

    from harness_ext.cli import app

    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="stylerep")
    text = get_docs_for_click(obj=command, ctx=context, name="stylerep")
    _, _, verbs = text.partition("\n## ")
    # An example is a command to be pasted: a block of its own, and one for each.
    return re.sub(r"^Example: (.+)$", _examples, "## " + verbs, flags=re.MULTILINE)


def _examples(line: re.Match[str]) -> str:
    parts = re.split(r"\s{4,}", line[1])
    return "\n\n".join(re.sub(r"^(?:(.*?): )?(stylerep .*|accelerate .*)$", _block, part) for part in parts)


def _block(example: re.Match[str]) -> str:
    return f"{example[1] or 'Example'}:\n\n```console\n$ {example[2]}\n```"


def _put_verbs(app: Any, name: str, source: list[str]) -> None:
    if name == "reference/cli":
        if _COMMANDS not in source[0]:
            raise ValueError("The page of commands has lost the mark where they go.")
        source[0] = source[0].replace(_COMMANDS, _verbs())


def _mark_examples(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    if "Example:" in lines:  # a section that napoleon would read as prose
        at = lines.index("Example:")
        lines[at : at + 1] = ["For example::", ""]


def setup(app: Any) -> None:
    """Have Sphinx call the two functions above: for each page,
    and for each docstring before napoleon reads it.
    """
    app.connect("source-read", _put_verbs)
    app.connect("autodoc-process-docstring", _mark_examples, priority=100)
