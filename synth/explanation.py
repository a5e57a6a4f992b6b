r"""Explanation score: the steps that a trace states against the proof of its problem, for the graph sources.

$$P = \frac{m}{m + b + w}, \qquad R = \frac{m}{n}, \qquad F_1 = \frac{2PR}{P + R}$$

A step is a fact that the trace asserts of two things of the problem: that Nora was born in Velmora, that Ida is Paul's mother, that D8
leads to K2. Each counts once, however often it is said. Of the *n* edges of the proof *m* are stated; *b* more facts of the question
are stated that lie beside the proof, and *w* steps are false. All scores go from 0 to 1, and are 0 where no step of the proof is stated.
That the parts of an explanation are scored, and not only the answer, is after MetaLogic (Huang et al. 2022, arXiv:2210.12487).

How steps are read, in English, whatever writes them:

- Two things named one after the other in one sentence, tied by a word for a relation between them or by its inverse: as a noun ("the
  mother of B", "B's mother is A", "A (B's mother)", "mother(B) = A"), as a verb ("born in", "is mentored by"), in a table or with
  arrows. In a knowledge graph the kinds of things tell the direction where they differ. A chain needs a word or sign that leads on.
- A pronoun, a subject left out ("… and works for B", "- born in B") or a hedge ("if", "maybe") leaves open what is said: such a step counts
  where a reading of it is a fact, and is never false. A pronoun that only one of the things just named can be is no such case.
- What is denied ("not", "no other", "wrong") or asked is not stated.
- A false step is taken back where a true one in its place follows: the trace has noticed.
- What follows from the facts by rules (the rules of the question, those of kinship, several pairs of a chain) neither helps nor hurts.
- Facts copied from the question are no explanation. Its facts are in random order, so four or more in that order, two of them beside the
  proof, are copied; none of them is stated, unless it is said again outside.
- Where there is not enough evidence (source ``claims``), that a fact is missing is one more edge of the proof: it is stated by "the
  country of Velmora is not given". So silence scores 0 there too. Of any source, to call a fact missing that is there is a false step.

What no wording of this kind says is not found, so scores compare traces of one problem set; they are no absolute measure. A trace that
repeats one or two facts of the question beside the proof loses precision, so a style that restates shows in `precision` and `f1`, hardly in
`recall`. Two things that are tied stand at most 160 characters apart, and of a sentence the first 500 mentions are read; the time is linear
in the length of the trace.
"""

import bisect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from synth.errors import StylerepError
from synth.problems.family import RULES, WORDS
from synth.problems.knowledge_graph import RELATIONS

Edge = tuple[str, str, str]
Verdict = Literal["fact", "follows", "false", "open"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The score of a trace, and what it is made of: `stated` steps are `matched`, `beside` or `false`; the proof has `needed`."""

    precision: float
    recall: float
    f1: float
    stated: int
    matched: int
    beside: int
    false: int
    needed: int


def has_proof(meta: Mapping[str, Any]) -> bool:
    """Say whether a problem's `meta` has what `explanation_scores` reads: a proof and the facts that the question states."""
    return bool(meta.get("facts_stated")) and "proof" in meta


def explanation_scores(trace: str, meta: Mapping[str, Any]) -> Explanation:
    """Score the steps that a trace states against the proof in the `meta` of its problem.

    *meta* has ``proof`` and ``facts_stated`` (lists of subject, relation, object; the latter in the order of the question), ``rules``
    (name and the two relations that are joined), ``women`` and ``missing`` (subject and relation) where the source has them. Raises
    StylerepError if there are no facts in it, and nothing for any trace.
    """
    if not has_proof(meta):
        raise StylerepError("An explanation can only be scored for a problem with a proof: those of kg, kinship, chain and claims.")
    question = _question(meta)
    statements = _Reading(question).read(trace)
    facts = {(edge[0], edge[1], edge[2]): i for i, edge in enumerate(meta["facts_stated"])}
    proof = {(edge[0], edge[1], edge[2]) for edge in meta["proof"]}
    needed = len(proof)
    if missing := meta.get("missing"):
        proof.add((missing[0], missing[1], _GAP))
        needed += 1
    stated = [one.edge for one, copied in zip(statements, _copied(statements, facts, proof), strict=True) if one.verdict == "fact" and not copied]
    matched, beside = len(proof & set(stated)), len(set(stated) - proof)
    set_right = {question.place(one.edge): i for i, one in enumerate(statements) if one.verdict in ("fact", "follows")}
    false = len({one.edge for i, one in enumerate(statements) if one.verdict == "false" and set_right.get(question.place(one.edge), -1) < i})
    precision = matched / (matched + beside + false) if matched else 0.0
    recall = matched / needed if needed else 0.0
    f1 = 2 * precision * recall / (precision + recall) if matched else 0.0
    return Explanation(precision, recall, f1, matched + beside + false, matched, beside, false, needed)


class _Statement(NamedTuple):
    edge: Edge
    verdict: Verdict


_GAP = ""
_COPIED = 4


def _copied(statements: list[_Statement], facts: dict[Edge, int], proof: set[Edge]) -> list[bool]:
    """Say of each statement whether it belongs to a run of facts in the order of the question (from its start to its last fact beside the proof)."""
    copied = [False] * len(statements)
    run: list[int] = []

    def close() -> None:
        places = [facts[statements[i].edge] for i in run]
        beside = [k for k, i in enumerate(run) if statements[i].edge not in proof]
        if len(set(places)) < _COPIED or len({places[k] for k in beside}) < 2:
            return
        end = beside[-1]
        while end + 1 < len(run) and places[end + 1] <= places[end] + 1:
            end += 1
        for i in run[: end + 1]:
            copied[i] = True

    for i, one in enumerate(statements):
        if one.verdict == "fact" and one.edge in facts and (not run or facts[one.edge] >= facts[statements[run[-1]].edge]):
            run.append(i)
            continue
        close()
        run = [i] if one.verdict == "fact" and one.edge in facts else []
    close()
    return copied


# --- What the words say -----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_OWNED = re.compile(r"['’]s?\s+([^\W\d_][\w-]*)(?:\s+([^\W\d_][\w-]*))?")
_MORE = re.compile(r"['’]s?\s")
_AS = re.compile(r"\W*\s*as\s+(?:(?:an?|its|the|his|her|their)\s+)?([^\W\d_][\w-]*)")
_NOUN_OF = re.compile(r"([^\W\d_][\w-]*)(?:\s*\(|\s+(?:of|for|to)\s+(?:the\s+([a-z-]+)\s+(?:of\s+)?)?)[\"“'‘(\[]*$")
_OF = re.compile(r"\b(?:of|for|to)\b|\(")
_IS = re.compile(
    r"[^\w'’]*$|.*(?:^|\W)(?:is|was|are|be|being|called|named|names?|finds?|gives?|equals|means|get|see)\s*"
    r"(?:(?:the\s+[a-z]+|called|named|also|just|then|simply|therefore|again|indeed)\s*)?[:\"“'‘(]*\s*$",
    re.DOTALL | re.IGNORECASE,
)
_DIRECT = re.compile(
    r"\W*(?:(?:is|was|are|were|be|being|called|named|equals|of|to|in|at)\W+(?:(?:the\s+[a-z]+|called|named|also|just|then|simply|therefore)\W*)?)?",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"\W*(?:\Z|[.,;:)])")
_POSSESSIVE = re.compile(r"['’]s?\s|.*\bwhose\b", re.IGNORECASE | re.DOTALL)
_HAS, _RELATIVE = frozenset("has have had with".split()), frozenset("where which whom who".split())
_TAKES_AS = _HAS | frozenset("elected elects uses took takes names named calls".split())


@dataclass(frozen=True, slots=True)
class _Role:
    """A word for a relation, and whether the first thing has it (1: "x's mentor is y"), is it (-1: "x is the mentor of y"), or either (0)."""

    word: str
    has: int


class _Question:
    """What a question says, and how relations between its things are worded.

    `nouns` are words for what something is to another, each under one key for all words of the same meaning; `verbs` are words
    that tell a relation, 1 where the first thing has it.
    """

    nouns: Mapping[str, str] = {}
    verbs: Mapping[str, int] = {}

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.facts: set[Edge] = {(edge[0], edge[1], edge[2]) for edge in meta["facts_stated"]}
        things = dict.fromkeys(thing for edge in [*meta["facts_stated"], *meta["proof"]] for thing in (edge[0], edge[2]))
        self.names: dict[str, str] = {}
        for name in things:
            self.names[name.partition(" ")[0]] = name

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        """Return the facts that a mention of *x* and then *y* may state, given the text before, between and after."""
        raise NotImplementedError

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        """Say whether a step is a fact (and which), follows from facts, is false, or open."""
        raise NotImplementedError

    def place(self, edge: Edge) -> object:
        """Return what only one fact can be true of."""
        return edge[:2]

    def fits(self, pronoun: str, thing: str) -> bool:
        """Say whether a pronoun can stand for a thing."""
        raise NotImplementedError

    def gap(self, thing: str, clause: str) -> list[Edge]:
        """Return what a clause that calls something missing can be about."""
        return []

    def roles(self, before: str, between: str, after: str) -> list[_Role]:
        """Return the words for relations that tie two things, by where they stand."""
        words = _words(between)
        if found := [word for word in words if word in self.nouns]:
            return self._noun_between(before, between, after, words, found)
        if told := [_Role(word, self._verb(word, words)) for word in words if word in self.verbs and not (word == "leads" and "to" in words)]:
            return told
        owner, owned = self._owner_before(before), self._owned_after(after)
        if (owner or owned) and _IS.match(between):
            return [_Role(owner[1].lower(), 1)] * (owner[2] not in self.nouns) if owner else [_Role(owned[0], -1)] * (not owned[1]) if owned else []
        if _TAKES_AS & set(words) and (as_noun := _AS.match(after)):
            return [_Role(as_noun[1].lower(), 1)] * (as_noun[1].lower() in self.nouns)
        if words and (words[-1] == "where" or ({"is", "was"} & set(words) and (words[-1] in _KINDS or words[-1] in _RELATIVE))):
            return [_Role(word, -self._verb(word, words) if "by" not in words else 1) for word in _words(after)[:4] if word in self.verbs]
        return []

    def _noun_between(self, before: str, between: str, after: str, words: list[str], found: list[str]) -> list[_Role]:
        rest = between[between.lower().rfind(found[0]) + len(found[0]) :]
        possessive = _POSSESSIVE.match(between) is not None
        if len({self.nouns[word] for word in found}) > 1 or self._owned_after(after) or (possessive and rest.strip() and self._owner_before(before)):
            return []  # the mother of B's father: nothing is said of B
        if possessive or _HAS & set(words[: words.index(found[0])]):
            left_open = "," in rest and not _CLOSED.match(after)  # since Linda is Paul's mother, Otto …
            return [_Role(found[0], 1)] if _DIRECT.fullmatch(rest) and not left_open else []
        return [_Role(found[-1], -1 if {"of", "to", "for"} & set(words[words.index(found[0]) + 1 :]) else 0)]

    def _verb(self, word: str, words: list[str]) -> int:
        return 1 if "by" in words else self.verbs[word]

    def _owner_before(self, before: str) -> re.Match[str] | None:
        found = _noun_of(before)
        return found if found and found[1].lower() in self.nouns else None

    def _owned_after(self, after: str) -> tuple[str, bool] | None:
        """Return the noun of which the last thing is the owner ("B's mother"), and whether that has one in turn."""
        found = _OWNED.match(after)
        group = next((i for i in (1, 2) if found[i] and found[i].lower() in self.nouns), 0) if found else 0
        return (found[group].lower(), _MORE.match(after, found.end(group)) is not None) if found and group else None


def _noun_of(text: str) -> re.Match[str] | None:
    """Return the noun with which a text ends that goes on with its owner: "the mother of"."""
    end = text[-60:]
    return _NOUN_OF.search(end) if _OF.search(end) else None


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


_KINDS = frozenset(kind for relation in RELATIONS.values() for kind in (relation.subject, relation.object))
_GRAPH_NOUNS = {
    "birthplace": "birthplace hometown",
    "employer": "employer employee",
    "mentor": "mentor mentee",
    "university": "university student graduate alumnus alumna",
    "seat": "seat headquarters",
    "founder": "founder",
    "owner": "owner subsidiary",
    "location": "location",
    "rector": "rector",
    "country": "country",
    "mayor": "mayor",
    "language": "language",
    "currency": "currency",
    "president": "president",
}
_TURNED = frozenset("mentee subsidiary".split())
_GRAPH_VERBS = {  # those with a minus say it of the second thing, as "x founded y" does
    "birthplace": "born birth native hails",
    "employer": "works worked working work job employed -employs",
    "mentor": "-mentors -mentored -mentoring",
    "university": "studied studies study studying degree attended attends attending graduated educated alma enrolled",
    "seat": "based headquartered seated in",
    "founder": "-founded -founds -established -started -created",
    "owner": "belongs belonged belonging -owned -owns",
    "location": "stands located situated lies in",
    "rector": "-led -leads -headed -heads",
    "country": "lies located situated in belongs part",
    "mayor": "elected -governs",
    "language": "spoken speaks speak",
    "currency": "pays money uses used pay paid",
    "president": "-presides -leads led",
}
_MEANS: dict[str, tuple[str, ...]] = {}
for _table in (_GRAPH_NOUNS, _GRAPH_VERBS):
    for _relation, _wordings in _table.items():
        for _wording in _wordings.split():
            _MEANS[_wording.removeprefix("-")] = (*_MEANS.get(_wording.removeprefix("-"), ()), _relation)
_ABSENT = re.compile(
    r"\b(?:unknown|missing|unstated|unspecified|unclear|undetermined|absent|nothing|nowhere|none of|without|lacks?|omitted|"
    r"no (?:[a-z]+ )?(?:sentence|fact|statement|information|info|mention|evidence|data|line|record|clue|entry)s?|"
    r"(?:not|never|cannot|[a-z]{1,9}n['’]t) (?:[a-z]+ ){0,2}(?:say|said|tell|told|stated?|given?|know|known|mention(?:ed)?|specif(?:y|ied)|"
    r"provided?|list(?:ed)?|find|found|determined?|included?|have|available))\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(r"\b(?:other|another|only|else)\b", re.IGNORECASE)


class _Graph(_Question):
    """A knowledge graph with rules, of the sources kg and claims."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.rules: dict[str, tuple[str, str]] = {rule[0]: (rule[1], rule[2]) for rule in meta.get("rules", ())}
        self.nouns = {**_NOUN_KEYS, **{name: name for name in self.rules}}
        self.verbs = _VERB_ROLES
        self.objects = {(s, relation): o for s, relation, o in self.facts}
        self.missing = tuple(meta.get("missing") or ())
        self.kinds: dict[str, str] = {}
        for s, relation, o in [*self.facts, *((edge[0], edge[1], edge[2]) for edge in meta["proof"])]:
            if relation in RELATIONS:
                self.kinds[s], self.kinds[o] = RELATIONS[relation].subject, RELATIONS[relation].object

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        edges: list[Edge] = []
        for role in self.roles(before, between, after):
            has = -role.has if role.word in _TURNED else role.has
            for relation in (role.word,) if role.word in self.rules else _MEANS[role.word]:
                if relation in self.rules:
                    ways = [(x, y)] * (has >= 0) + [(y, x)] * (has <= 0)
                else:
                    kinds = (RELATIONS[relation].subject, RELATIONS[relation].object)
                    ways = [(s, o) for s, o in ((x, y), (y, x)) if (self.kinds.get(s), self.kinds.get(o)) == kinds]
                    if len(ways) == 2 and has:
                        ways = [(x, y) if has > 0 else (y, x)]
                edges += [(s, relation, o) for s, o in ways]
        return edges

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        s, relation, o = edge
        if o == _GAP:
            return ("fact" if self.missing == (s, relation) else "false" if (s, relation) in self.objects else "open"), edge
        if relation in self.rules:
            first, second = self.rules[relation]
            reached = self.objects.get((self.objects.get((s, first), ""), second))
            return ("open" if reached is None else "follows" if reached == o else "false"), edge
        return ("fact" if edge in self.facts else "false"), edge

    def fits(self, pronoun: str, thing: str) -> bool:
        return (pronoun in _IT) != (self.kinds.get(thing) == "person")

    def gap(self, thing: str, clause: str) -> list[Edge]:
        if _ANOTHER.search(clause):
            return []
        relations = {relation for word in _words(clause) if word in _MEANS for relation in _MEANS[word] if RELATIONS[relation].subject == self.kinds.get(thing)}
        return [(thing, relation, _GAP) for relation in relations] if len(relations) == 1 else []


_NOUN_KEYS = {word: word for words in _GRAPH_NOUNS.values() for word in words.split()}
_VERB_ROLES = {word.removeprefix("-"): -1 if word[0] == "-" else 1 for words in _GRAPH_VERBS.values() for word in words.split()}

_KIN: dict[str, tuple[str, int | None]] = {}
for _kind, _forms in WORDS.items():
    for _gender, _form in enumerate(_forms[:3]):
        for _one in _form.split(" or "):
            _known = _gender if _gender < 2 and _forms[0] != _forms[1] else _KIN.get(_one, (_kind, None))[1]
            _KIN[_one] = (_kind, _known)
            _plural = "children" if _one == "child" else _one.replace("child", "children") if _one.endswith("child") else f"{_one}s"
            _KIN[_plural] = _KIN[_one]
_KIN |= {"mom": ("parent", 0), "mum": ("parent", 0), "dad": ("parent", 1), "grandma": ("grandparent", 0), "grandpa": ("grandparent", 1)}
_KIN |= {"wives": ("spouse", 0), "married": ("spouse", None), "partner": ("spouse", None), "nibling": ("nibling", None), "pibling": ("pibling", None)}
_INVERSE = {kind: words[3] for kind, words in WORDS.items()}
_MUTUAL = frozenset(kind for kind, other in _INVERSE.items() if kind == other)
_ARE = re.compile(r"\W*(?:are|were)\s+(?:both\s+)?(?:each other['’]s\s+)?(?:the\s+)?(?:full\s+)?([a-z-]+)", re.IGNORECASE)


class _Kin(_Question):
    """A family: an edge (a, word, b) says that a is the word of b."""

    nouns: Mapping[str, str] = {word: kind for word, (kind, _) in _KIN.items()}

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.genders: dict[str, int] = {a: gender for a, word, _ in self.facts if (gender := _KIN[word][1]) is not None}
        if "women" in meta:
            women = set(meta["women"])
            self.genders = {name: int(name not in women) for name in self.names.values()}
        self.told = {frozenset((a, b)): (a, word, b) for a, word, b in self.facts}
        self.beside: dict[str, list[tuple[str, str]]] = {}  # who is tied to whom: (b, what the person is to b)
        for a, word, b in self.facts:
            self.beside.setdefault(a, []).append((b, _KIN[word][0]))
            self.beside.setdefault(b, []).append((a, _INVERSE[_KIN[word][0]]))
        self._reached: dict[str, dict[str, str | None]] = {}

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        if (plural := _ARE.match(after)) and _words(between) == ["and"]:
            word = plural[1].lower()
            return [(x, word, y)] if word in _KIN and _KIN[word][0] in _MUTUAL else []
        edges: list[Edge] = []
        for role in self.roles(before, between, after):
            if role.has <= 0 or (_KIN[role.word][0] in _MUTUAL and _KIN[role.word][1] is None):
                edges.append((x, role.word, y))
            if role.has >= 0:
                edges.append((y, role.word, x))
        return edges

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        a, word, b = edge
        kind, gender = _KIN[word]
        told = self.told.get(frozenset((a, b)))
        known = self._between(a, b)
        if known is None:
            return "open", edge
        if known != kind or (gender is not None and self.genders.get(a, gender) != gender):
            return "false", (*sorted((a, b)), kind)  # type: ignore[return-value]
        return ("fact", told) if told else ("follows", edge)

    def place(self, edge: Edge) -> object:
        return frozenset(edge) & set(self.names.values())

    def fits(self, pronoun: str, thing: str) -> bool:
        return pronoun not in _IT and self.genders.get(thing) in (None, int(pronoun in _HE))

    def _between(self, a: str, b: str) -> str | None:
        return self._from(a).get(b) or (_INVERSE[back] if (back := self._from(b).get(a)) else None)

    def _from(self, a: str) -> dict[str, str | None]:
        """Return what the person is to each other person, None where no rule tells."""
        if a not in self._reached:
            reached: dict[str, str | None] = {a: None}
            queue = [a]
            for person in queue:
                for other, kind in self.beside.get(person, ()):
                    if other not in reached:
                        so_far = reached[person]
                        reached[other] = kind if person == a else RULES.get((so_far, kind)) if so_far else None
                        queue.append(other)
            self._reached[a] = reached
        return self._reached[a]


_ARROW = re.compile(r"[-=–—~]+>|[→⇒➔➜➡⟶⟹↦]|(?:^|\s)>+(?:\s|$)|\\(?:long)?(?:right|R)ight(?:arrow)|\\(?:long)?rightarrow|\\to\b|\\mapsto|\\Rightarrow")
_BACK_ARROW = re.compile(r"<[-=–—]+|[←⇐⟵]")
_ONWARD = frozenset(
    "to into leads lead leading gives give reach reaches reaching next get gets becomes become arrive arrives arriving followed comes yields "
    "sends takes take brings points maps goes go move moves moving land lands hop jump step going paired precedes before".split()
)
_BACKWARD = frozenset("follows from after".split())
_BACKWARDS = re.compile(r"\b(?:backwards?|in reverse)\b", re.IGNORECASE)
_NEXT = re.compile(r"\b(?:next|after|successor|follow\w*|comes|from)\b", re.IGNORECASE)


class _Chain(_Question):
    """Pairs of symbols, of which each leads from one to another."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.next = {a: b for a, _, b in self.facts}

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        forth, back = [(x, "leads to", y)], [(y, "leads to", x)]
        if _BACK_ARROW.search(between):
            return back
        if _ARROW.search(between):
            return forth
        bare, words = between.strip(), _words(between)
        if bare == ":" or (bare == "," and before.endswith("(") and after.startswith(")")):
            return forth
        if _BACKWARD & set(words) or ("preceded" in words and "by" in words):
            return back
        if _ONWARD & set(words) or (_NEXT.search(before) and _IS.match(between) and bare):
            return forth
        return []

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        if edge in self.facts:
            return "fact", edge
        at: str | None = edge[0]
        for _ in range(len(self.next)):
            at = self.next.get(at or "")
            if at is None or at == edge[2]:
                return ("follows" if at else "false"), edge
        return "false", edge

    def fits(self, pronoun: str, thing: str) -> bool:
        return pronoun in _IT


def _question(meta: Mapping[str, Any]) -> _Question:
    relations = {edge[1] for edge in meta["facts_stated"]}
    if relations == {"leads to"}:
        return _Chain(meta)
    return _Kin(meta) if relations <= set(_KIN) else _Graph(meta)


# --- Where it is said -------------------------------------------------------------------------------------------------------------

_LONGEST = 160  # characters between two things that are tied
_MOST = 500  # mentions in one sentence; those after are no explanation
_NEAR = 80  # characters before and after them that are looked at
_MARKUP = {ord(sign): None for sign in "*_`"} | {ord("\u2011"): "-", ord("\u00a0"): " "}
_HE, _SHE, _IT = frozenset("he him his".split()), frozenset("she her hers".split()), frozenset("it its there this that here".split())
_OWNING = frozenset("his her its".split())
_CAPITAL = re.compile(r"(?<![^\W_])[A-Z][^\W_]*")
_PRONOUN = re.compile(r"\b(?:he|him|his|she|her|it|its|(?<=from )(?:there|this|that|here))\b", re.IGNORECASE)
_END = re.compile(r"[.!?…。！？]+(?=[\"'”’)\]]*(?:\s|\Z))|\n\s*")
_DENIED = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|wrong|false|incorrect|incorrectly|instead|rather|whether|unlike)\b|n['’]t\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\W*(?:is|was|would be|must be)\s+(?:wrong|false|incorrect|impossible|not (?:right|true|correct|stated|given|the case))\b", re.IGNORECASE
)
_HEDGED = re.compile(r"\b(?:if|suppose|supposing|assume|assuming|maybe|perhaps|might|may|could|would|possibly|unless|imagine)\b", re.IGNORECASE)
_GENERIC = re.compile(rf"\b(?:an?|any|each|every) (?:{'|'.join(sorted(_KINDS))})\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:]|\b(?:but|yet|so|while|although|and)\b", re.IGNORECASE)
_NEW_CLAUSE = re.compile(r"\b(?:and|but|then|so|while)\s+|;", re.IGNORECASE)
_AND = re.compile(r",?\s*(?:and|&)\s*\Z", re.IGNORECASE)
_PLURAL = re.compile(r"\s*(?:both\s+)?(?:are|were|have|had|share)\b|['’]s?\s", re.IGNORECASE)
_GREAT, _IN_LAW = re.compile(r"\bgreat (?=great|grand|aunt|uncle|niece|nephew)", re.IGNORECASE), re.compile(r"(?<=[a-z]) in law\b", re.IGNORECASE)


class _Mark(NamedTuple):
    """Where a thing is mentioned, or where a pronoun stands (in lower case)."""

    start: int
    end: int
    thing: str


class _Reading:
    """Reads the statements of a trace in their order."""

    def __init__(self, question: _Question) -> None:
        self.question = question
        self.statements: list[_Statement] = []
        self.pronouns: list[_Mark] = []
        self.pronoun_starts: list[int] = []

    def read(self, trace: str) -> list[_Statement]:
        text = trace.translate(_MARKUP)
        if isinstance(self.question, _Kin):
            text = _IN_LAW.sub("-in-law", _GREAT.sub("great-", text))
        marks = self._mentions(text)
        self.pronouns = [_Mark(found.start(), found.end(), found[0].lower()) for found in _PRONOUN.finditer(text)] if marks else []
        self.pronoun_starts = [pronoun.start for pronoun in self.pronouns]
        first, begin = 0, 0
        last: tuple[str, ...] = ()
        read: dict[tuple[str, tuple[str, ...]], list[_Statement]] = {}
        for end, asked in _sentences(text):
            after = first
            while after < len(marks) and marks[after].start < end:
                after += 1
            if own := marks[first:after]:
                if not asked:
                    key = (text[begin:end].strip(), last)
                    if key not in read:
                        so_far = len(self.statements)
                        self._sentence(text, begin, end, own[:_MOST], last)
                        read[key] = self.statements[so_far:]
                    else:
                        self.statements += read[key]
                last = tuple(dict.fromkeys(mark.thing for mark in own[-3:]))
            first, begin = after, end
        return self.statements

    def _mentions(self, text: str) -> list[_Mark]:
        marks = []
        names = self.question.names
        for found in _CAPITAL.finditer(text):
            word = found[0]
            name = names.get(word) or (names.get(word[:-1]) if word[-1] == "s" else None)
            if name:
                rest = name[len(word) :] if name.startswith(word) else ""
                end = found.end() + (len(rest) if rest and text.startswith(rest, found.end()) else 0)
                marks.append(_Mark(found.start(), end, name))
        return marks

    def _sentence(self, text: str, begin: int, end: int, names: list[_Mark], last: tuple[str, ...]) -> None:
        if isinstance(self.question, _Chain) and _BACKWARDS.search(text, begin, end):
            return
        for i, mark in enumerate(names):
            previous = names[i - 1] if i else None
            start = previous.end if previous else begin
            after = names[i + 1].start if i + 1 < len(names) else end
            if pronoun := self._pronoun_in(max(start, mark.start - _LONGEST), mark.start, last=True):
                self._pronoun_before(text, start, names, i, pronoun, () if i else last, begin, after)
            if (pronoun := self._pronoun_in(mark.end, min(after, mark.end + _NEAR))) and pronoun.thing in _OWNING:
                self._pronoun_after(text, names, i, pronoun, last if i < 2 else (), after)
            if previous and previous.thing != mark.thing:
                before = names[i - 2].end if i > 1 else begin
                self._pair(text, max(before, previous.start - _NEAR), names, i, min(after, mark.end + _NEAR))
            elif not previous:
                self._left_out(text, begin, mark, last, after)
        if isinstance(self.question, _Graph):
            self._gaps(text, begin, end, names)

    def _pronoun_in(self, start: int, end: int, *, last: bool = False) -> _Mark | None:
        """Return the first or the last pronoun that starts in a part of the text."""
        if not self.pronouns:
            return None
        i = bisect.bisect_left(self.pronoun_starts, end) - 1 if last else bisect.bisect_left(self.pronoun_starts, start)
        return self.pronouns[i] if 0 <= i < len(self.pronouns) and start <= self.pronoun_starts[i] < end else None

    def _pair(self, text: str, before: int, names: list[_Mark], i: int, after: int) -> None:
        """Read what two neighbours say, and what they say with a thing that one of them is joined to by "and"."""
        x, y = names[i - 1], names[i]
        between = text[x.end : y.start]
        if len(between) > _LONGEST:
            return
        left, right = text[before : x.start], text[y.end : after]
        pronoun = self._pronoun_in(x.end, y.start)
        if clause := _last(_NEW_CLAUSE, between):
            rest = between[clause.end() :]
            if (rest.strip() or _OWNED.match(right)) and not self._pronoun_in(x.end + clause.end(), y.start):
                subjects = (names[i - 2].thing, x.thing) if i > 1 else (x.thing,)
                self._state(left if i < 2 else "", subjects, " " + rest, (y.thing,), right, sure=False)
            if not isinstance(self.question, _Chain) and not _noun_of(left) and between.strip().lower() != "and":
                return
        elif pronoun and not _noun_of(left) and not (pronoun.thing in _OWNING and _HAS & set(_words(between)[:1])):
            return
        self._state(left, (x.thing,), between, (y.thing,), right)
        if isinstance(self.question, _Chain):
            return
        if i > 1 and (closed := between.find(")")) >= 0 and "(" in text[names[i - 2].end : x.start]:
            self._state("", (names[i - 2].thing,), between[closed + 1 :], (y.thing,), right)  # A (B's mother) works for C
        if i > 1 and _AND.fullmatch(text, max(names[i - 2].end, x.start - 12), x.start) and _PLURAL.match(between):
            self._state("", (names[i - 2].thing,), between, (y.thing,), right)
        if i + 1 < len(names) and _AND.match(text, y.end, min(names[i + 1].start, y.end + 12)) and _CLOSED.match(text, names[i + 1].end):
            self._state(left, (x.thing,), between, (names[i + 1].thing,), "")

    def _stands_for(self, pronoun: _Mark, names: list[_Mark], i: int, last: tuple[str, ...]) -> tuple[str, ...]:
        """Return which things a pronoun near a mention can stand for: of those named just before."""
        named = dict.fromkeys((*(one.thing for one in reversed(names[max(0, i - 3) : i])), *last))
        return tuple(thing for thing in named if thing != names[i].thing and self.question.fits(pronoun.thing, thing))

    def _pronoun_before(self, text: str, start: int, names: list[_Mark], i: int, pronoun: _Mark, last: tuple[str, ...], begin: int, after: int) -> None:
        """Read what the last pronoun before a mention says of it: "he was born in Velmora", "her son Paul"."""
        mark = names[i]
        between = text[pronoun.end : mark.start]
        things = self._stands_for(pronoun, names, i, last)
        if not things or _NEW_CLAUSE.search(between) or not _words(between) or _GENERIC.search(text, max(begin, mark.start - _LONGEST), mark.start):
            return
        owning = pronoun.thing in _OWNING
        left = "" if owning else text[max(start, pronoun.start - _NEAR) : pronoun.start]
        self._state(left, things, "'s" + between if owning else between, (mark.thing,), text[mark.end : min(after, mark.end + _NEAR)], sure=len(things) == 1)

    def _pronoun_after(self, text: str, names: list[_Mark], i: int, pronoun: _Mark, last: tuple[str, ...], after: int) -> None:
        """Read what a thing is to the owner that a pronoun names: "Ida is his mother"."""
        things = self._stands_for(pronoun, names, i, last)
        right = "'s" + text[pronoun.end : min(after, pronoun.end + _NEAR)]
        self._state("", (names[i].thing,), text[names[i].end : pronoun.start], things, right, sure=len(things) == 1)

    def _left_out(self, text: str, begin: int, mark: _Mark, last: tuple[str, ...], after: int) -> None:
        """Read a sentence that starts without its subject: "- born in Velmora", "→ K2"."""
        head = text[begin : mark.start].strip()
        if head and len(head) <= _NEAR and last and not self._pronoun_in(begin, mark.start) and not {"of", "for"} & set(_words(head)):
            self._state("", last, f" {head} ", (mark.thing,), text[mark.end : min(after, mark.end + _NEAR)], sure=False)

    def _state(self, before: str, xs: Iterable[str], between: str, ys: Iterable[str], after: str, *, sure: bool = True) -> None:
        """Note what a wording says, if it asserts anything: a fact if one reading is one, else what follows, else what is false."""
        said = [edge for x in xs for y in ys if x != y for edge in self.question.readings(before, x, between, y, after)]
        if not said or _DENIED.search(_CLAUSE.split(before)[-1]) or _DENIED.search(between) or _REFUSED.match(after):
            return
        judged = [self.question.judge(edge) for edge in dict.fromkeys(said)]
        sure = sure and not _HEDGED.search(before) and not _HEDGED.search(between)
        for wanted in ("fact", "follows", "open", "false"):
            for verdict, edge in judged:
                if verdict == wanted:
                    if verdict != "open" and (sure or verdict != "false"):
                        self.statements.append(_Statement(edge, verdict))
                    return

    def _gaps(self, text: str, begin: int, end: int, names: list[_Mark]) -> None:
        """Read clauses about one thing that call something about it missing."""
        if end - begin > 20 * _LONGEST or not _ABSENT.search(text, begin, end):
            return
        at, i = begin, 0
        for stop in (*(found.start() for found in _CLAUSE.finditer(text, begin, end)), end):
            own = []
            while i < len(names) and names[i].start < stop:
                own.append(names[i])
                i += 1
            if len({mark.thing for mark in own}) == 1 and _ABSENT.search(clause := text[at:stop]):
                for edge in self.question.gap(own[0].thing, clause):
                    self.statements.append(_Statement(edge, self.question.judge(edge)[0]))
            at = stop


def _sentences(text: str) -> Iterable[tuple[int, bool]]:
    """Yield where each sentence or line ends, and whether it is a question."""
    for found in _END.finditer(text):
        yield found.end(), "?" in found[0] or "？" in found[0]
    yield len(text), False


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[-1] if found else None
