r"""Reads a formula in LaTeX, in the wording of `formula_form`, as a tree of tuples: ``("add", ("num",
1), ("letter", "x"))``.

What is read is bounded: 400 characters, 12 brackets deep. What has two readings, ``1/2x``, is not read.
"""

import re
from fractions import Fraction
from typing import Any

from synth.grading.same_formula import DEEPEST, LONGEST

Node = tuple[Any, ...]

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"\d{1,100}(?:\.\d{1,100})?(?!\d)|\.\d{1,100}")
_NAME = re.compile(r"\\([A-Za-z]+)")
_SUBSCRIPT = re.compile(r"_(?:\{([^{}]{1,20})\}|(\w))")
_TEXT_LETTER = re.compile(r"\\text\{\s*([A-Za-z])\s*\}")
_PRIMES = re.compile(r"'{1,4}")
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi"
    " psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell".split()
)
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
FUNCTIONS = frozenset("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp".split())
_OF_TWO = {"frac": "div", "binom": "binom"}
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"), ("|", "|"))


class NotReadError(ValueError):
    """A formula that is no formula, or one of a kind that is not read here."""


def read_tree(text: str) -> tuple[Node, frozenset[str]] | None:
    """Return the tree of a formula and the letters in it, None if it cannot be read."""
    if len(text) > LONGEST or not text:
        return None
    reader = _FormulaReader(text)
    try:
        node = reader.sum()
        reader.skip()
    except (NotReadError, RecursionError):
        return None
    return (node, frozenset(reader.letters)) if reader.at == len(text) else None


class _FormulaReader:
    """Reads a formula from the left, one place ahead."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.letters: set[str] = set()

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def next(self) -> str:
        """Return what comes next: a command as a whole, else one character; "" at the end."""
        self.skip()
        name = _NAME.match(self.text, self.at)
        return (
            name[0]
            if name
            else (
                self.text[self.at : self.at + 2]
                if self.text.startswith("\\", self.at)
                else self.text[self.at : self.at + 1]
            )
        )

    def take(self, *tokens: str) -> str:
        """Go beyond the next token if it is one of *tokens*, and return it; else return ""."""
        token = self.next()
        if token not in tokens or not token:
            return ""
        self.at += len(token)
        return token

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise NotReadError(token)

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST + 2:
            raise NotReadError("too deep")
        sign = self.take("+", "-")
        node = self.product()
        node = ("neg", node) if sign == "-" else node
        while sign := self.take("+", "-"):
            term = self.product()
            node = ("add", node, term if sign == "+" else ("neg", term))
        self.depth -= 1
        return node

    def product(self) -> Node:
        node, divided = self.signed(), False
        while True:
            if self.text.startswith("**", self.at):
                raise NotReadError("**")
            sign = self.take("*", "\\times", "/", "\\div", "\\bmod", "\\mod")
            if sign in ("\\bmod", "\\mod"):
                node = ("mod", node, self.signed())
            elif sign:
                factor = self.signed()
                node = ("mul", node, factor) if sign in ("*", "\\times") else ("div", node, factor)
                divided = sign == "/"
            elif self.begins_factor():
                if divided:  # 1/2x is read in two ways
                    raise NotReadError("ambiguous")
                before = self.text[self.at - 1 : self.at]
                if self.next().isdigit() and (before.isdigit() or before.isspace()):
                    raise NotReadError("two numbers side by side")
                node = ("mul", node, self.power())
            else:
                return node

    def signed(self) -> Node:
        if sign := self.take("+", "-"):
            if self.next() in ("+", "-"):
                raise NotReadError("two signs")
            return ("neg", self.power()) if sign == "-" else self.power()
        return self.power()

    def begins_factor(self) -> bool:
        token = self.next()
        if token.startswith("\\"):
            return (
                token[1:] in FUNCTIONS
                or token[1:] in _GREEK
                or token in ("\\frac", "\\sqrt", "\\pi", "\\binom", "\\text")
            )
        return (token.isalnum() and token.isascii()) or token in ("(", "{", "[")

    def power(self) -> Node:
        node = self.base()
        while True:
            if self.text.startswith("^{\\circ}", self.at) or self.text.startswith("^\\circ", self.at):
                self.at += 8 if self.text.startswith("^{", self.at) else 6
                node = ("mul", node, ("degree",))
            elif self.take("^"):
                node = ("pow", node, self.exponent())
                if self.next() == "^":
                    raise NotReadError("stacked powers")
            elif self.take("!"):
                double = bool(self.take("!"))
                if double and self.next() == "!":
                    raise NotReadError("three factorials")
                node = ("double factorial" if double else "factorial", node)
            else:
                return node

    def exponent(self) -> Node:
        if self.next() == "{":
            return self.argument()
        sign = self.take("-", "+")
        node = self.base()
        return ("neg", node) if sign == "-" else node

    def argument(self) -> Node:
        """Return what a command is applied to: what stands in braces, or one digit, letter or command."""
        if self.take("{"):
            node = self.sum()
            self.expect("}")
            return node
        token = self.next()
        if token.isdigit() and token.isascii():
            self.at += 1
            return ("num", Fraction(token))
        return self.base()

    def base(self) -> Node:
        token = self.next()
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            node: Node = ("num", Fraction(number[0]))
            if "." not in number[0] and self.next() == "\\frac":
                return self.mixed(node)
            return node
        for opening, closing in _BRACKETS:
            if token == opening:
                self.at += 1
                node = self.sum()
                self.expect(closing)
                return ("abs", node) if opening == "|" else node
        if token.isascii() and token.isalpha():
            self.at += 1
            return self.symbol(token)
        if letter := _TEXT_LETTER.match(self.text, self.at):
            self.at = letter.end()
            return self.symbol(letter[1])
        if token.startswith("\\"):
            self.at += len(token)
            return self.command(token[1:])
        raise NotReadError(token)

    def mixed(self, whole: Node) -> Node:
        """Return a number and the fraction behind it: their sum if both of its parts are numbers,
        else their product.
        """
        self.take("\\frac")
        top, bottom = self.argument(), self.argument()
        both = top[0] == bottom[0] == "num" and top[1] < bottom[1]
        return ("add" if both else "mul", whole, ("div", top, bottom))

    def symbol(self, name: str) -> Node:
        if subscript := _SUBSCRIPT.match(self.text, self.at):
            self.at = subscript.end()
            name = f"{name}_{subscript[1] or subscript[2]}"
        if primes := _PRIMES.match(self.text, self.at):
            self.at = primes.end()
            name += primes[0]
        if name in ("e", "i"):
            return (name,)
        self.letters.add(name)
        return ("letter", name)

    def command(self, name: str) -> Node:
        node: Node
        if name == "pi":
            node = ("pi",)
        elif name in _GREEK:
            node = self.symbol(name)
        elif name in _OF_TWO:
            node = (_OF_TWO[name], self.argument(), self.argument())
        elif name == "sqrt":
            index: Node = ("num", Fraction(2))
            if self.take("["):
                index = self.sum()
                self.expect("]")
            node = ("root", self.argument(), index)
        elif name in FUNCTIONS:
            node = self.function(name)
        else:
            raise NotReadError(name)
        return node

    def function(self, name: str) -> Node:
        base: Node | None = None
        if name == "log" and self.take("_"):
            base = self.argument()
        exponent = self.exponent() if self.take("^") else None
        if exponent == ("neg", ("num", Fraction(1))) and name in _INVERSE:
            name, exponent = _INVERSE[name], None
        self.skip()
        if self.next() in ("(", "{", "["):
            argument = self.power()
        else:
            argument = self.signed()
            while self.begins_factor() and self.next()[1:] not in FUNCTIONS and self.next() != "(":
                argument = ("mul", argument, self.power())
            if self.take("/"):
                argument = ("div", argument, self.power())
        node: Node = ("log", argument, base) if base else ("call", name, argument)
        return ("pow", node, exponent) if exponent else node
