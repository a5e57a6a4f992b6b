"""Responses that mean harm to whatever reads them, by the thousand: always the same for one seed,
made one at a time.
"""

import random
from collections.abc import Callable, Iterator

_TAGS = (
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "<|begin_of_solution|>",
    "<|end_of_thought|>",
    "[THINK]",
    "\u25c1/think\u25b7",
    "<|channel|>final<|message|>",
)
_ANNOUNCED = (
    "The answer is ",
    "Answer: ",
    "\u7b54\u6848\u662f",
    "**Final Answer**\n\n",
    "#### ",
    "the answer to ",
    "option ",
    "\u9009",
    "",
)
_INVISIBLE = (
    "\u200b",
    "\u200f",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u0085",
    "\x00",
    "\x1b[31m",
    "\x07",
    "\x7f",
    "\ud800",
    "\udfff",
    "\u0301",
)
_DIGITS = (
    "0123456789",
    "\u0660\u0661\u0662\u0663\u0664",
    "\uff10\uff11\uff12",
    "\U0001d7ce\U0001d7cf",
    "\u00b9\u00b2\u00b3",
    "\u2460\u2461",
    "\u00bd\u2153",
    "\u4e00\u4e8c\u4e07",
)
_CODE = (
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "exec('while True: pass')",
    "factorial(factorial(99999))",
    "Integer(9)**Integer(9)**Integer(9)**9",
    "Sum(1/k, (k, 1, 10**99)).doit()",
    "solve(x**99 + x - 1, x)",
    "lambda: 0",
    "9**9**9**9**9",
    "0x" + "f" * 99,
    "1e999999999",
    "1_0_0",
    "float('nan')",
    "print(open('/dev/zero').read())",
    "{{7*7}} ${7*7} %s %n",
    "'; DROP TABLE answers; --",
    '"]\n["1", "1"]\n',
    "true\n",
    "\\input{/dev/zero} \\def\\x{\\x\\x}\\x",
)
_UNITS = (
    "(",
    "{",
    "[",
    "\\boxed{",
    "\\frac{",
    "\\frac{1}{",
    "\\text{",
    "\\sqrt{",
    "\\left(",
    "^{",
    "9^",
    "$",
    "\\[",
    "\\(",
    "\\begin{a}",
    "<answer>",
    "<think>",
    "</think>",
    "answer is ",
    "The answer is 1. ",
    "\u7b54\u6848\u662f",
    "option A ",
    "**B** ",
    "1,",
    "1,11",
    "1 ",
    "1/",
    "9",
    "-",
    "!",
    "!1",
    "=",
    "= 1 ",
    "\\,",
    "\\ ",
    "\\",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u200b",
    "\ud800",
    "\x00",
    "'",
    '"',
    '\\"',
    "a",
    "A\n",
    "Wait, ",
    "#### 1\n",
    "<",
    "&",
    "%",
    "\\pm",
    "or 1 ",
    "\U0001f600",
    "answer to ",
    "1 1/2 ",
    "x=",
    "\u00b2",
    "<answer>1</answer>",
    "\\boxed{1}",
    "\\boxed{}",
    "the answer: $x. ",
    "no ",
    "1e9 ",
)


def _boxed(rng: random.Random, inside: str) -> str:
    form = rng.choice(
        (
            "\\boxed{%s}",
            "$\\boxed{%s}$",
            "\\boxed{\\text{%s}}",
            "<answer>%s</answer>",
            "$%s$",
            "%s",
            "\\fbox{%s}",
            "\\boxed{%s",
        )
    )
    return rng.choice(_ANNOUNCED) + form.replace("%s", inside)


def _tower(rng: random.Random) -> str:
    power = str(rng.randrange(2, 10**4))
    for _ in range(rng.randrange(2, 9)):
        base = rng.choice(("9", "99", "x", "e", "\\pi", "(2+3)", "9.9", "-9", str(rng.randrange(10**6))))
        power = rng.choice(
            (
                f"{base}^{{{power}}}",
                f"{base}^{power}",
                f"{{({power})}}^{{{base}}}",
                f"{base}**{power}",
                f"\\left({power}\\right)^{{{base}}}",
            )
        )
    return _boxed(rng, power)


_GROWING = (
    "{n}!",
    "({n}!)!",
    "{n}!!!!",
    "\\binom{{{n}}}{{{n}}}",
    "\\sum_{{k=1}}^{{{n}}} \\frac{{1}}{{k}}",
    "\\prod_{{k=1}}^{{{n}}} k",
    "\\int_0^{{{n}}} x^x dx",
    "\\sqrt[{n}]{{2}}",
    "\\log_{{{n}}} {n}",
    "(x+y+z+w)^{{{n}}}",
    "(x+1)^{{99}}(x-1)^{{99}}(x+{n})^{{99}}",
    "\\sin({n}^{{{n}}})",
    "{n} \\bmod {n}",
    "1e{n}",
    "\\lim_{{x \\to {n}}} x^x",
    "\\gcd({n}, {n})",
    "2^{{{n}}} \\cdot 3^{{{n}}}",
    "\\{{1, 2, \\ldots, {n}\\}}",
    "e^{{e^{{{n}}}}}",
    "0.{n}^{{{n}}}",
    "{n}/0",
    "\\tan({n}^\\circ)",
)
_BRACKETS = (
    ("{", "}"),
    ("(", ")"),
    ("\\frac{1}{", "}"),
    ("\\sqrt{", "}"),
    ("\\text{", "}"),
    ("\\boxed{", "}"),
    ("[", ")"),
    ("\\left(", "\\right)"),
    ("\\begin{pmatrix}", "\\end{pmatrix}"),
    ("-", ""),
)


def _growth(rng: random.Random) -> str:
    large = rng.choice(("9" * rng.randrange(3, 60), "10^{99}", f"{rng.randrange(10**9)}"))
    return _boxed(rng, rng.choice(_GROWING).format(n=large))


def _nested(rng: random.Random) -> str:
    opening, closing = rng.choice(_BRACKETS)
    deep = rng.choice((rng.randrange(1, 22), rng.randrange(400), rng.randrange(4000)))
    return _boxed(
        rng, opening * deep + str(rng.randrange(100)) + closing * max(0, deep - rng.choice((0, 0, 1, deep)))
    )


def _digits(rng: random.Random) -> str:
    many = rng.choice((rng.randrange(1, 90), rng.randrange(400), rng.randrange(5000)))
    number = "".join(
        rng.choices(rng.choice(_DIGITS) + rng.choice(("", ",", ".", "'", "/", " ", "e", "-")), k=many)
    )
    return _boxed(
        rng, number + rng.choice(("", "%", " million", "\u4e07", " apples", "x", "\\%", "/0", "^{\\circ}"))
    )


def _characters(rng: random.Random) -> str:
    body = "".join(
        rng.choice(
            (
                rng.choice(_INVISIBLE),
                rng.choice(_ANNOUNCED),
                str(rng.randrange(99)),
                chr(rng.randrange(0x11_0000)),
            )
        )
        for _ in range(rng.randrange(1, 300))
    )
    return _boxed(rng, body)


def _tags(rng: random.Random) -> str:
    return "".join(
        rng.choice((*_TAGS, *_ANNOUNCED, "\\boxed{", "}", "7", " 12 ", "Wait, ", "\n"))
        for _ in range(rng.randrange(2, 200))
    )


def _code(rng: random.Random) -> str:
    return _boxed(
        rng,
        rng.choice(("", "2 + ", "x = "))
        + rng.choice(_CODE)
        + rng.choice(("", " = 5", str(rng.randrange(10**6)))),
    )


def _garbage(rng: random.Random) -> str:
    return "".join(rng.choice(_UNITS) for _ in range(rng.randrange(1, 400))) + str(rng.randrange(10**9))


def _flood(rng: random.Random, shortest: int = 1_000, longest: int = 20_000) -> str:
    unit = "".join(rng.choices(_UNITS, k=rng.choice((1, 1, 1, 2, 3))))
    text = unit * (rng.randrange(shortest, longest) // len(unit) + 1)
    return (
        rng.choice(("", "<think>", "<think>hm</think>"))
        + text
        + rng.choice(("", "\nThe answer is 7.", "</think>", "\\boxed{7}", "}" * 99))
        + str(rng.randrange(10**6))
    )


_KINDS: tuple[Callable[[random.Random], str], ...] = (
    _tower,
    _tower,
    _growth,
    _growth,
    _nested,
    _digits,
    _characters,
    _tags,
    _code,
    _garbage,
    _flood,
)
_EVERY = 400  # one of so many is a flood of 1 to 3 MB


def hostile_responses(n: int, seed: int = 0) -> Iterator[str]:
    """Yield *n* different responses: most of them short, one in 400 of 1 to 3 MB (25 of 10,000;
    72 MB in all).
    """
    rng = random.Random(seed)
    seen: set[int] = set()
    while len(seen) < n:
        text = (
            _flood(rng, 1_000_000, 3_000_000)
            if len(seen) % _EVERY == _EVERY // 4
            else rng.choice(_KINDS)(rng)
        )
        if hash(text) not in seen:
            seen.add(hash(text))
            yield text
