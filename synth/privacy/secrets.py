"""Keys, tokens, headers and passwords: which settings hold one, and text with a mask in the place of each.

A secret is known by the name of its setting (`is_secret_name`), by where it stands in an address
(``user:password@``, the query), by its form (``sk-…``, ``hf_…``, ``Bearer …``), and, wherever it occurs
again, by its value, once it has been learnt.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from synth.errors import StylerepError

MASK = "***"
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = {
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "jwt",
    "oauth",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
}
_LAST_WORDS = {"apikey", "apikeys", "header", "headers"}
_ENDINGS = (
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authtoken",
    "accesstoken",
    "password",
    "passwd",
)
# What stands before "key" or "token" in names that hold no secret: fields of rows, and parts of a vocabulary.
_FIELD = {
    "answer",
    "cache",
    "column",
    "dict",
    "doc",
    "field",
    "gold",
    "group",
    "image",
    "index",
    "json",
    "label",
    "metric",
    "primary",
    "prompt",
    "question",
    "row",
    "score",
    "sort",
    "target",
    "text",
}
_VOCABULARY = {
    "additional",
    "answer",
    "assistant",
    "audio",
    "begin",
    "bos",
    "bot",
    "class",
    "cls",
    "content",
    "cut",
    "end",
    "eoi",
    "eos",
    "eot",
    "extra",
    "fill",
    "first",
    "image",
    "lang",
    "language",
    "last",
    "mask",
    "max",
    "min",
    "new",
    "newline",
    "next",
    "num",
    "pad",
    "padding",
    "per",
    "pivot",
    "prefix",
    "reasoning",
    "response",
    "sep",
    "separator",
    "space",
    "special",
    "start",
    "stop",
    "suffix",
    "system",
    "think",
    "thinking",
    "tool",
    "trace",
    "turn",
    "unk",
    "video",
}
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-(?=[\w-]*\d)[\w-]{16,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|nvapi-[\w-]{20,}|gsk_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|pypi-[\w-]{32,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?|(?i:bearer)\s+(?=\S*\d)[\w.~+/=-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,10000}?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))"
)
_BEGINNINGS = (
    r"sk-[\w-]{6}|hf_[A-Za-z0-9]{6}|gh[pousr]_[A-Za-z0-9]{6}|github_pat_|glpat-|xox[abeprs]-|A[KS]IA[0-9A-Z]{6}|AIza[\w-]{6}|nvapi-|gsk_[A-Za-z0-9]{6}"
    r"|r8_[A-Za-z0-9]{6}|pypi-[\w-]{6}|eyJ[\w-]{6}|(?:[Bb]earer|BEARER)(?:\s|\\n)+[\w.~+/=-]{6}|PRIVATE KEY"
)
"""How what has one of `_SHAPES` begins, for an engine that is slow where a pattern counts far."""
_HINTS = (
    "sk-",
    "hf_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "AIza",
    "nvapi-",
    "gsk_",
    "r8_",
    "pypi-",
    "eyJ",
    "earer",
    "EARER",
    "PRIVATE KEY",
)
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20}://)((?:[^\s\"'<>\\,]|,(?![A-Za-z_][\w.-]*=))+)")
_BARE_USER = re.compile(r"(?<![\w/@:.-])([^\s/@:,=\"']+):([^\s/@,\"']+)@(?=[\w.-]+(?:[:/]|\Z))")
_ASSIGNED = re.compile(
    r"([\"']?)(?<![\w.-])([A-Za-z][\w.-]{0,80})\1\s*[=:]\s*(\$\{\w+\}|\{[^{}]*\}|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:(?i:bearer|basic|token)\s+)?[^\s,&;\"'{}]+)"
)
_IN_BRACES = re.compile(r"([:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,\"'{}]+)")
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_OPEN_WORDS = {"", "true", "false", "null", "none", "value"}
"""No secrets, the last of them as it stands in messages: ``key=value``."""
_PLAIN_WORD = re.compile(r"[A-Za-z]?[a-z]{0,11}|[A-Z]{0,11}|\d{0,11}")
_ENVIRONMENT = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|COOKIE)S?\Z", re.IGNORECASE)

Replace = Callable[[str, str, bool], str]
"""What stands in the place of a secret, by the name of its setting, its value, and whether it is one for
sure: other headers and parameters may be none.
"""


def is_secret_name(name: str) -> bool:
    """Say whether a setting of this name may hold a secret: ``api_key``, ``Authorization``, ``hf_token``; not
    ``max_tokens``, ``eos_token``, ``author``.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    before, last = words[-2] if len(words) > 1 else "", words[-1]
    if last in ("key", "keys"):
        return before not in _FIELD and (last == "key" or before in ("access", "api", "secret"))
    if last == "token":
        return before not in _VOCABULARY
    if last == "tokens":
        return before in ("access", "api", "auth", "bearer", "refresh", "session")
    return bool(_SECRET_WORDS & set(words)) or last in _LAST_WORDS or "".join(words).endswith(_ENDINGS)


class Secrets:
    """The secrets that a process has been given.

    `found` names, in the order of finding, the settings that held one: ``api_key of --model_args``.
    """

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self._known: dict[str, str] = {}
        self._known_outside: dict[str, str] = {}
        self._patterns: tuple[re.Pattern[str] | None, re.Pattern[str] | None] = (None, None)

    def learn(self, settings: object, option: str) -> None:
        """Take note of all secrets in what was given for an option."""

        def note(name: str, value: str, sure: bool) -> str:
            self.found.setdefault(f"{name} of {option}" if name else option)
            self.know(value, everywhere=sure)
            return MASK

        _walk(settings, note)

    def know(self, value: str, shown: str = MASK, everywhere: bool = True) -> None:
        """Have a value masked in all texts; one that is short or a plain word on the terminal alone, since it
        may stand in responses by chance.
        """
        after = value.split()[1:] if re.match(r"(?i:bearer|basic|token)\s", value) else ()
        for one in dict.fromkeys(text.strip("\"'") for text in (value, unquote(value), *after)):
            if len(one) < 4 or one.lower() in _OPEN_WORDS or _REFERENCE.fullmatch(one):
                continue
            self._known_outside.setdefault(one, shown)
            if everywhere and _is_rare(one):
                self._known.setdefault(one, shown)
        self._patterns = (_any_of(self._known), _any_of(self._known_outside))

    def know_environment(self) -> None:
        """Have the keys and tokens masked that stand in environment variables (``OPENAI_API_KEY``,
        ``HF_TOKEN``), and the passwords of their addresses.
        """

        def note(_: str, value: str, sure: bool) -> str:
            if sure and _is_rare(value):
                self.know(value)
            return MASK

        for name, value in os.environ.items():
            if _ENVIRONMENT.search(name) and is_secret_name(name) and not value.startswith(("/", "~", ".")):
                note(name, value, True)
            elif "://" in value and "@" in value:  # HTTPS_PROXY
                _string(value, note, name)

    def resolved(self, settings: Any, option: str) -> Any:
        """Return settings with the values of environment variables in the place of references (``${NAME}``);
        what is written has the reference.

        Raises StylerepError for a variable that is not set.
        """

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name not in os.environ:
                raise StylerepError(
                    f"{option}: ${{{name}}} stands for an environment variable, and {name} is not set."
                )
            self.know(os.environ[name], match[0])
            return os.environ[name]

        return _leaves(settings, lambda text: _REFERENCE.sub(value_of, text))

    @property
    def known(self) -> dict[str, str]:
        """The values that are masked in all texts, with what stands in their place:
        for the processes that help this one.
        """
        return dict(self._known)

    def know_all(self, known: Mapping[str, str]) -> None:
        """Take over what another process knows."""
        for value, shown in known.items():
            self.know(value, shown)

    def suspected(self, lines: Sequence[bytes]) -> list[bool]:
        """Say of lines of JSON whether a secret stands in them."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        # RE2, the engine of pyarrow, is a hundred times as fast as Python's.
        wanted = "|".join((_BEGINNINGS, *map(re.escape, self._known)))
        ends = np.zeros(len(lines) + 1, dtype=np.int64)
        np.cumsum(list(map(len, lines)), out=ends[1:])
        # Made of a list, an array would import pandas.
        array = pa.Array.from_buffers(
            pa.large_binary(), len(lines), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(lines))]
        )
        may: list[bool] = pc.match_substring_regex(array, wanted).to_pylist()
        return [
            one and self._holds(line.decode("utf-8", "replace")) for line, one in zip(lines, may, strict=True)
        ]

    def _holds(self, text: str) -> bool:
        return bool(
            _SHAPES.search(text.replace("\\n", " ")) or (self._patterns[0] and self._patterns[0].search(text))
        )

    def lines(self, block: bytes) -> bytes:
        """Return whole lines of JSON with `texts` of those in which a secret stands; the others as they
        are.
        """
        lines = block.splitlines(keepends=True)
        suspected = self.suspected(lines)
        return (
            b"".join(self._line(line) if one else line for line, one in zip(lines, suspected, strict=True))
            if any(suspected)
            else block
        )

    def _line(self, line: bytes) -> bytes:
        return (json.dumps(self.texts(json.loads(line)), ensure_ascii=False) + "\n").encode(
            "utf-8", "replace"
        )

    def text(self, text: str) -> str:
        """Return a text with a mask in the place of known secrets and of what has the form of one."""
        if self._patterns[0]:
            text = self._patterns[0].sub(lambda match: self._known[match[0]], text)
        return _SHAPES.sub(MASK, text) if any(hint in text for hint in _HINTS) else text

    def texts(self, value: Any) -> Any:
        """Return a value of JSON with `text` of every string in it."""
        return _leaves(value, self.text)

    def settings(self, value: Any) -> Any:
        """Return settings with a mask in the place of all secrets: known ones, those by name,
        in addresses, and by form.
        """
        return self.texts(_walk(value, lambda name, text, sure: self._known_outside.get(text, MASK)))

    def output(self, text: str) -> str:
        """Return what may be shown on a terminal or kept in a log."""
        if self._patterns[1]:
            text = self._patterns[1].sub(lambda match: self._known_outside[match[0]], text)
        return self.text(text)

    def sentence(self) -> str | None:
        """Say which settings held secrets; None where none did."""
        names = list(self.found)
        if not names:
            return None
        said = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return f"{said} {'is' if len(names) == 1 else 'are'} masked ({MASK}) in all that is written."


SECRETS = Secrets()
"""Those of this process."""


def without_braces(text: str) -> str:
    """Return a text with references to environment variables in another form,
    for lm_eval takes all that has a brace in it for JSON.
    """
    return _REFERENCE.sub(r"$<\1>", text)


def with_braces(value: Any) -> Any:
    """Take `without_braces` back, in all strings of a value."""
    return _leaves(value, lambda text: re.sub(r"\$<([A-Za-z_]\w*)>", r"${\1}", text))


def withheld(text: str, name_of: Replace) -> str:
    """Return a word of a command line, JSON or ``NAME=VALUE,…``,
    with what `name_of` returns in the place of every secret.
    """
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        content = None
    return json.dumps(_walk(content, name_of)) if isinstance(content, dict) else str(_walk(text, name_of))


def _walk(value: Any, replace: Replace, name: str = "", secret: bool = False, sure: bool = True) -> Any:
    """Return a value with every secret in it replaced; *secret* says that all in it is, as in headers."""
    if isinstance(value, Mapping):
        parts = {}
        for key, one in value.items():
            named = is_secret_name(str(key))
            parts[key] = _walk(one, replace, str(key), secret or named, named or not secret)
        return parts
    if type(value) in (list, tuple):
        return type(value)(_walk(one, replace, name, secret, sure) for one in value)
    if not secret:
        return _string(value, replace, name) if isinstance(value, str) else value
    if value is None or isinstance(value, bool) or _is_open(str(value)):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return _in_braces(value, replace, name)
    return replace(name, str(value), sure)


def _is_rare(value: str) -> bool:
    """Say whether a value is none that stands in a text by chance: it is long enough,
    and no plain word or number.
    """
    return not _PLAIN_WORD.fullmatch(value) and (
        len(value) >= 8 or (len(value) >= 6 and any(map(str.isdigit, value)))
    )


def _is_open(value: str) -> bool:
    """Say whether a value may be seen: there is none, or it names an environment variable,
    or it is masked already.
    """
    return value.strip().lower() in _OPEN_WORDS or not value.strip("*") or bool(_REFERENCE.fullmatch(value))


def _string(text: str, replace: Replace, name: str) -> str:
    """Return a setting that is text with the secrets in it replaced: in addresses, by names within it,
    and by form.
    """
    if "://" in text:
        text = _ADDRESS.sub(lambda match: match[1] + _address(match[2], replace, name), text)
    elif "@" in text:
        text = _BARE_USER.sub(lambda match: f"{_user(match[1], match[2], replace, name)}@", text)
    if "=" in text or ":" in text:
        text = _ASSIGNED.sub(lambda match: _assigned(match, replace), text)
    return (
        _SHAPES.sub(lambda match: replace(name, match[0], True), text)
        if any(hint in text for hint in _HINTS)
        else text
    )


def _assigned(match: re.Match[str], replace: Replace) -> str:
    name, value = match[2], match[3]
    if not is_secret_name(name) or _is_open(value.strip("\"'`")) or value.startswith("//"):
        return match[0]
    before = match[0][: match.start(3) - match.start(0)]
    return before + (
        _in_braces(value, replace, name) if value.startswith("{") else _quoted(value, replace, name)
    )


def _in_braces(text: str, replace: Replace, name: str) -> str:
    return _IN_BRACES.sub(
        lambda match: (
            match[0] if _is_open(match[2].strip("\"'")) else match[1] + _quoted(match[2], replace, name)
        ),
        text,
    )


def _quoted(value: str, replace: Replace, name: str) -> str:
    quote = value[0] if value[0] in "\"'" else ""
    return f"{quote}{replace(name, value.strip(quote) if quote else value, True)}{quote}"


def _address(rest: str, replace: Replace, name: str) -> str:
    """Return what follows ``://`` of an address with user, password, the values of the query,
    and the fragment replaced.
    """
    rest, mark, fragment = rest.partition("#")
    rest, question, query = rest.partition("?")
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    if at:
        first, colon, password = user.partition(":")
        user = (
            _user(first, password, replace, name)
            if colon
            else first
            if _is_open(first)
            else replace(name, first, True)
        )
    parameters = "&".join(_parameter(one, replace, name) for one in query.split("&"))
    return f"{user}{at}{host}{slash}{path}{question}{parameters}{mark}{fragment and MASK}"


def _user(user: str, password: str, replace: Replace, name: str) -> str:
    """Return ``user:password`` without the password, and without the user where a mask takes its place."""
    if _is_open(password):
        return f"{user}:{password}"
    said = replace(name, password, True)
    return said if said == MASK else f"{user}:{said}"


def _parameter(text: str, replace: Replace, name: str) -> str:
    key, equals, value = text.partition("=")
    if not equals:
        return text if len(text) < 20 else replace(name, text, True)
    sure = (
        is_secret_name(key)
        or key.lower() in ("code", "sig", "signature")
        or (len(value) >= 20 and re.search(r"\d", value) is not None)
    )
    return text if _is_open(value) else f"{key}={replace(name, value, sure)}"


def _leaves(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            (change(key) if isinstance(key, str) else key): _leaves(one, change) for key, one in value.items()
        }
    return type(value)(_leaves(one, change) for one in value) if type(value) in (list, tuple) else value


def _any_of(values: Mapping[str, str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True)))) if values else None
