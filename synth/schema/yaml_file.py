"""YAML, read with bounds: plain data with the line of each key;
what it could be made to do beyond that is refused in a sentence.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from synth.errors import StylerepError
from synth.schema.record import sentence
from synth.schema.regular_file import read_regular
from synth.schema.shown import shown

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one is not built everywhere
LARGEST = 10_000_000
"""How many bytes a YAML file may have."""
_DEEPEST, _MOST = 100, 200_000
_MERGE = "tag:yaml.org,2002:merge"
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "timestamp")}

Place = tuple[str | int, ...]
"""The way to a value: keys of mappings and places in lists, from the top."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file says: `data` of dicts, lists and scalars, and the line (from 1) on which the value at
    each place begins. `where` names the file.
    """

    data: Any
    lines: Mapping[Place, int]
    where: object = ""

    def error(self, place: Place, says: str) -> StylerepError:
        """Return an error that tells what is wrong at a place, in the form of `read_as`: file, line, key."""
        return StylerepError(sentence(self.where, place, says, self.lines))


def read_yaml(path: Path, what: str = "", texts: Collection[str] = ()) -> Document:
    """Read a YAML file of at most 10 MB, 100 levels and 200,000 values,
    those that aliases repeat counted each time.

    *what* it should be is said where it is not there;
    values with one of the tags *texts* (``!function``) are read as their text.

    Raises:
        StylerepError: naming file and line, for what is no YAML or no UTF-8, is larger than that, has a key
            twice, an alias within itself, several documents, a tag other than YAML's own plain ones, or a
            number or date that cannot be read.

    """
    return parse_yaml(read_regular(path, what, LARGEST), path, texts)


def parse_yaml(data: bytes | str, where: object, texts: Collection[str] = ()) -> Document:
    """Return what a YAML text says, as `read_yaml` does."""
    reader = _YamlReader(where, texts)
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data.removeprefix("\ufeff")
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise StylerepError(f"{where}, line {line}: this is nested more than {_DEEPEST} levels deep.")
        node = yaml.compose(text, Loader=_LOADER)
        content = None if node is None else reader.read(node, ())
    except UnicodeDecodeError as error:
        raise StylerepError(f"{where}: this is not UTF-8 (byte {error.start + 1:,}).") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise StylerepError(
            f"{where}{at}: this is not valid YAML ({' '.join(str(error.problem or error.context).split())})."
        ) from error
    except yaml.YAMLError as error:  # a character that YAML has not
        raise StylerepError(
            f"{where}: this is not valid YAML ({' '.join(str(error).split())[:200]})."
        ) from error
    return Document(content, reader.lines, where)


class _YamlReader:
    """Turns nodes into data; a node that several aliases name is read, and counted, for each."""

    def __init__(self, where: object, texts: Collection[str] = ()) -> None:
        self.where = where
        self._texts = texts
        self.lines: dict[Place, int] = {}
        self._scalars = _LOADER("")
        self._left = _MOST
        self._within: set[int] = set()

    def read(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        self._left -= 1
        if self._left < 0:
            self._refuse(
                node,
                f"this holds more than {_MOST:,} values, those that aliases (*name) repeat counted each time",
            )
        if id(node) in self._within:
            self._refuse(node, "an alias (*name) stands within what it names")
        self._within.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
                return [self.read(one, (*place, number)) for number, one in enumerate(node.value)]
            if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
                return self._mapping(node, place)
            return self._scalar(node)
        finally:
            self._within.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for name, value in node.value:
            if name.tag == _MERGE:
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    content = self.read(one, (*place, "<<"))
                    if not isinstance(content, dict):
                        self._refuse(value, "<< takes the keys of a mapping, and this is none")
                    merged = {**content, **merged}
                continue
            key = self._scalar(name)
            if key in found:
                self._refuse(name, f"the key {shown(key)} stands here a second time")
            at = (*place, key)
            self.lines[at] = name.start_mark.line + 1
            found[key] = self.read(value, at)
        return {**merged, **found}

    def _scalar(self, node: yaml.Node) -> Any:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        if isinstance(node, yaml.ScalarNode) and tag in self._texts:
            return node.value
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
            self._refuse(node, f"{shown(tag)[1:-1]} is not read here; write plain lists, mappings and values")
        try:
            return self._scalars.construct_object(node)
        # PyYAML's constructors raise whatever int(), date() or a missing match raises
        except Exception as error:
            raise StylerepError(
                f"{self.where}, line {node.start_mark.line + 1}: {shown(node.value)} cannot be read as {tag}."
            ) from error

    def _refuse(self, node: yaml.Node, why: str) -> NoReturn:
        raise StylerepError(f"{self.where}, line {node.start_mark.line + 1}: {why}.")
