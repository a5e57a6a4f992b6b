"""Reads a question over an invented knowledge graph back into facts and rules,
without the code that wrote it.
"""

import re

NAME = r"([A-Z][a-z]+(?: College)?)"
NOUNS = (
    "birthplace|employer|mentor|university|seat|founder|owner|location|rector|country|mayor|language"
    "|currency|president"
)
# Sentences in words of their own: the relation, and whether its subject comes first.
PATTERNS = [
    (rf"{NAME} was born in {NAME}", "birthplace", True),
    (rf"{NAME} is the city where {NAME} was born", "birthplace", False),
    (rf"{NAME} works for {NAME}", "employer", True),
    (rf"{NAME} has a job at {NAME}", "employer", True),
    (rf"{NAME} is mentored by {NAME}", "mentor", True),
    (rf"{NAME} studied at {NAME}", "university", True),
    (rf"{NAME} has a degree from {NAME}", "university", True),
    (rf"{NAME} has its seat in {NAME}", "seat", True),
    (rf"{NAME} is based in {NAME}", "seat", True),
    (rf"{NAME} was founded by {NAME}", "founder", True),
    (rf"{NAME} founded {NAME}", "founder", False),
    (rf"{NAME} belongs to {NAME}", "owner", True),
    (rf"{NAME} is owned by {NAME}", "owner", True),
    (rf"{NAME} stands in {NAME}", "location", True),
    (rf"{NAME} can be found in {NAME}", "location", True),
    (rf"{NAME} is led by {NAME}", "rector", True),
    (rf"{NAME} lies in {NAME}", "country", True),
    (rf"{NAME} is a city in {NAME}", "country", True),
    (rf"{NAME} elected {NAME} as mayor", "mayor", True),
    (rf"{NAME} is spoken in {NAME}", "language", False),
    (rf"{NAME} pays with the {NAME}", "currency", True),
    (rf"{NAME} uses the {NAME} as money", "currency", True),
    (rf"{NAME} presides over {NAME}", "president", False),
]
STATED = rf"(?:[Tt]he )?{NAME} is the ({NOUNS}) of {NAME}"
HELD = rf"{NAME} has {NAME} as (?:a|its) ({NOUNS})"
RULE = rf"(?:The|By definition, the|What is called the) (\w+) of a (\w+) is the ({NOUNS}) of (?:its|their) ({NOUNS})"  # noqa: E501


def sentences(question: str) -> list[str]:
    return re.split(r"(?<=[.?])\s+", question)


def fact(sentence: str) -> tuple[str, str, str] | None:
    """Return subject, relation and object of a sentence that states a fact, else None."""
    if found := re.fullmatch(rf"{STATED}\.?", sentence):
        return found[3], found[2], found[1]
    if found := re.fullmatch(rf"{HELD}\.?", sentence):
        return found[1], found[3], found[2]
    for pattern, relation, forward in PATTERNS:
        if found := re.fullmatch(rf"{pattern}\.?", sentence):
            return (found[1], relation, found[2]) if forward else (found[2], relation, found[1])
    return None


class World:
    def __init__(self, question: str) -> None:
        self.facts = [found for sentence in sentences(question) if (found := fact(sentence))]
        self.rules = {
            found[1]: (found[4], found[3])
            for sentence in sentences(question)
            if (found := re.fullmatch(rf"{RULE}\.", sentence))
        }
        self.objects = {(subject, relation): thing for subject, relation, thing in self.facts}
        assert len(self.objects) == len(self.facts), "a relation has two objects"

    def reach(self, phrase: str) -> str | None:
        """Return what "the country of the birthplace of Nora" is, or None where a fact is missing."""
        *relations, thing = re.split(r" of (?:the )?", re.sub("^[Tt]he ", "", phrase))
        at: str | None = thing
        for name in reversed(relations):
            for relation in self.rules.get(name, (name,)):
                at = None if at is None else self.objects.get((at, relation))
        return at

    def outline(self) -> list[str]:
        """Return the facts without names: how often the graph names subject and object of each."""
        named = [thing for fact in self.facts for thing in (fact[0], fact[2])]
        return sorted(
            f"{named.count(subject)} {relation} {named.count(thing)}"
            for subject, relation, thing in self.facts
        )
