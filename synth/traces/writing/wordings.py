"""Reads template files: Jinja macros in which each line is one wording,
in a sandbox that leaves nothing to run.

    {% macro undo(undone, left, result) %}
    {{ undone }} = {{ left }}, which is where {{ result }} came from.
    going back from {{ result }}, {{ undone }} = {{ left }}.
    {% endmacro %}

A line may use the variables of its macro, inline conditions and five filters. It may call nothing, loop over
nothing and look into nothing, so whatever a file holds,
rendering a line ends at once and reaches no object but the texts it is given.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import SandboxedEnvironment

from synth.errors import StylerepError

FILTERS = ("capitalize", "lower", "title", "trim", "upper")
LONGEST_FILE, _LONGEST_LINE = 200_000, 1_000
# Python takes two seconds to compile 240 brackets within each other.
_DEEPEST = 40
_BRACKETS = ("{{", "}}", "{%", "%}", "{#", "#}")
_MACRO = re.compile(r"\{%[-+]?\s*macro\s+(\w+)\s*\(([^()]*)\)\s*[-+]?%\}\s*\Z")
_END = re.compile(r"\{%[-+]?\s*endmacro\s*[-+]?%\}\s*\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")
# Comparisons of two texts that cannot fail.
_COMPARISONS = ("eq", "ne", "in", "notin")
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.For: "a loop is not allowed; the plan says how often something is written",
    nodes.Call: "a call is not allowed; a line may only use its variables",
    nodes.CallBlock: "a call is not allowed; a line may only use its variables",
    nodes.Getattr: "looking into a variable is not allowed; the variables are plain texts",
    nodes.Getitem: "looking into a variable is not allowed; the variables are plain texts",
    nodes.Assign: "setting a variable is not allowed",
    nodes.AssignBlock: "setting a variable is not allowed",
    **dict.fromkeys(
        (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends), "another file cannot be taken in"
    ),
    **dict.fromkeys(
        (nodes.Mul, nodes.Pow, nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod),
        "arithmetic is not allowed; the variables are texts",
    ),
    nodes.Test: "a test with 'is' is not allowed; == and in compare texts",
}
_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Filter,
)
_TEXTS = (nodes.Name, nodes.Const, nodes.Filter, nodes.Concat)


@dataclass(frozen=True, slots=True)
class Wording:
    """One line of a macro, ready to be filled in.

    `names` are the variables in it. `template` is None for a line that only fills these in, in the order of
    the gaps in `pattern`: a ``%`` pattern, or where there are no names the line itself.
    """

    pattern: str
    names: tuple[str, ...]
    template: jinja2.Template | None
    where: str

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the line with its variables filled in."""
        if self.template is None:
            if not self.names:
                return self.pattern
            return self.pattern % tuple([values[name] for name in self.names])
        return self.template.render(values).strip()


def read_wordings(source: str, file: str, known: Mapping[str, Sequence[str]]) -> dict[str, list[Wording]]:
    """Return the wordings of each macro of a template file.

    *known* has the variables of each macro that there may be. Raises StylerepError, naming file and line, for
    a syntax error, an unknown macro or variable, and anything that the sandbox does not allow.
    """
    if len(source) > LONGEST_FILE:
        raise StylerepError(f"{file}: a template file may hold at most {LONGEST_FILE} characters.")
    environment = _environment()
    lines = _LINE_END.split(_without_comments(source))
    if long := next((number for number, line in enumerate(lines, 1) if len(line) > _LONGEST_LINE), None):
        raise StylerepError(f"{file}, line {long}: a line may hold at most {_LONGEST_LINE} characters.")
    found: dict[str, list[Wording]] = {}
    macro = ""
    for number, line in enumerate(lines, 1):
        where, text = f"{file}, line {number}", line.strip()
        if begin := _MACRO.match(text):
            macro = _opened(begin, macro, known, where)
            found.setdefault(macro, [])
        elif _END.match(text):
            if not macro:
                raise StylerepError(f"{where}: there is no macro to end here.")
            macro = ""
        elif text and not macro:
            raise StylerepError(
                f"{where}: this stands in no macro; every line belongs between {{% macro … %}} and {{%"
                " endmacro %}, each on a line of its own."
            )
        elif text:
            found[macro].append(_wording(text, where, known[macro], environment))
    if macro:
        raise StylerepError(
            f"{file}: the macro {macro} does not end; write {{% endmacro %}} on a line of its own after its"
            " last line."
        )
    for name, wordings in found.items():
        if not wordings:
            raise StylerepError(f"{file}: the macro {name} holds no line.")
    return found


def _without_comments(source: str) -> str:
    """Take the comments out, but for their line breaks; what opens one and does not end it stays,
    and no line may hold it.
    """
    kept, at = [], 0
    while (begin := source.find("{#", at)) >= 0 and (end := source.find("#}", begin + 2)) >= 0:
        kept += [source[at:begin], "\n" * len(_LINE_END.findall(source, begin, end))]
        at = end + 2
    return "".join([*kept, source[at:]])


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment


def _opened(begin: re.Match[str], open_macro: str, known: Mapping[str, Sequence[str]], where: str) -> str:
    name, stated = begin[1], [part.strip() for part in begin[2].split(",") if part.strip()]
    if open_macro:
        raise StylerepError(f"{where}: the macro {open_macro} has not ended yet.")
    if name not in known:
        raise StylerepError(f"{where}: there is no macro {name!r} to write; there are {', '.join(known)}.")
    for variable in stated:
        if variable not in known[name]:
            raise StylerepError(
                f"{where}: the macro {name} gets no variable {variable!r}; it gets"
                f" {', '.join(known[name]) or 'none'}."
            )
    return name


def _wording(text: str, where: str, variables: Sequence[str], environment: SandboxedEnvironment) -> Wording:
    try:
        tree = environment.parse(text)
        _check(tree, where, variables)
        flat = _flat(tree)
        if flat is not None:
            return Wording(*flat, None, where)
        template, names = environment.from_string(text), tuple(sorted(meta.find_undeclared_variables(tree)))
    except jinja2.TemplateSyntaxError as error:
        raise StylerepError(f"{where}: {_explained(error.message)}") from error
    # of the parser, or of Python where it compiles what the parser let pass
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise StylerepError(f"{where}: the expression is nested too deeply.") from error
    except ValueError as error:
        raise StylerepError(f"{where}: a number in it is too long.") from error
    return (
        Wording(text, names, template, where)
        if names
        else Wording(template.render().strip(), (), None, where)
    )


def _check(node: nodes.Node, where: str, variables: Sequence[str], depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise StylerepError(f"{where}: the expression is nested too deeply.")
    if reason := _REFUSED.get(type(node)):
        raise StylerepError(f"{where}: {reason}.")
    if not isinstance(node, _ALLOWED):
        raise StylerepError(f"{where}: {type(node).__name__.lower()} is not allowed in a wording.")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise StylerepError(f"{where}: there is no filter {node.name!r}; there are {', '.join(FILTERS)}.")
    if isinstance(node, nodes.Filter) and (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs):
        raise StylerepError(f"{where}: the filter {node.name} takes nothing in brackets here.")
    if isinstance(node, nodes.TemplateData) and (
        stray := next((bracket for bracket in _BRACKETS if bracket in node.data), None)
    ):
        raise StylerepError(f"{where}: {stray} stands alone.")
    if isinstance(node, nodes.Const) and not isinstance(node.value, str):
        raise StylerepError(
            f"{where}: a number or constant has to be a text in quotes; all variables are texts."
        )
    if isinstance(node, nodes.Operand) and node.op not in _COMPARISONS:
        raise StylerepError(f"{where}: only ==, !=, in and not in compare texts.")
    if isinstance(node, nodes.Compare) and not all(
        isinstance(side, _TEXTS) for side in (node.expr, *(operand.expr for operand in node.ops))
    ):
        raise StylerepError(f"{where}: only texts can be compared.")
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise StylerepError(f"{where}: the inline condition needs an else.")
    if isinstance(node, nodes.Name) and node.name not in variables:
        raise StylerepError(
            f"{where}: there is no variable {node.name!r} here; there are {', '.join(variables) or 'none'}."
        )
    for child in node.iter_child_nodes():
        _check(child, where, variables, depth + 1)


def _flat(tree: nodes.Template) -> tuple[str, tuple[str, ...]] | None:
    """Return pattern and names of a line that only fills in variables, else None."""
    pattern, names = "", []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                pattern += node.data.replace("%", "%%")
            elif isinstance(node, nodes.Name):
                pattern += "%s"
                names.append(node.name)
            else:
                return None
    return (pattern, tuple(names)) if names else (pattern.replace("%%", "%"), ())


def _explained(message: str | None) -> str:
    text = " ".join((message or "this is no valid template").split()).rstrip(".")
    if "end of template" in text:
        text = "what begins in a line has to end in it"
    return text[:1].lower() + text[1:] + "."
