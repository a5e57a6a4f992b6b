"""Writes traces with Jinja templates, in a sandbox, a stage at a time."""

import functools
import hashlib
import random
from dataclasses import dataclass
from importlib import resources

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from synth.errors import StylerepError
from synth.plan import Plan, asked
from synth.problems import Problem
from synth.style import CLOSE, OPEN

_FOLDER = resources.files("synth") / "templates"
STAGES = ("framing", "exploration", "verification", "synthesis")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of trace that belongs to one stage."""

    stage: str
    text: str


class Templates:
    """The templates of one language.

    `digest` changes whenever any template of the language does.
    """

    def __init__(self, language: str = "en") -> None:
        folder = _FOLDER / language
        if not folder.is_dir():
            raise StylerepError(f"There are no templates for the language {language!r}.")
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        sources = {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".jinja")}
        self.language = language
        self.digest = hashlib.sha256("\0".join(f"{k}\0{v}" for k, v in sources.items()).encode()).hexdigest()[:16]
        self._environment = SandboxedEnvironment(loader=jinja2.DictLoader(sources), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def _write(self, name: str, rng: random.Random, **values: object) -> str:
        return self._environment.get_template(f"{name}.jinja").render(pick=rng.choice, **values).strip()

    def plain(self, problem: Problem) -> list[Block]:
        """Return the worked steps alone, one a line."""
        return [Block("exploration", "\n".join(step.text for step in problem.steps))]

    def styled(self, problem: Problem, plan: Plan, rng: random.Random) -> list[Block]:
        """Return the body of a styled trace: framing, exploration and, if the plan has a check, verification."""
        values = {"plan": plan, "ask": asked(problem.question), "steps": problem.steps}
        stages = [stage for stage in STAGES[:-1] if stage != "verification" or plan.check]
        return [Block(stage, self._write(stage, rng, **values)) for stage in stages]

    def conclusion(self, stated: str, styled: bool, rng: random.Random) -> Block:
        """Return the line in which a trace concludes *stated*; a styled one opens with an integration pivot."""
        return Block("synthesis", self._write("synthesis" if styled else "conclusion", rng, stated=stated))

    def response(self, trace: str, stated: str) -> str:
        """Return trace and final answer as one response; no think tags without a trace."""
        return self._write("response", random.Random(0), trace=trace, stated=stated, open=OPEN, close=CLOSE)


@functools.cache
def load_templates(language: str = "en") -> Templates:
    """Return the templates of a language, compiled once."""
    return Templates(language)
