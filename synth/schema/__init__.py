"""What files must hold: read with bounds, checked against a declared schema, refused in one sentence.

Everything that a person writes or that is read back goes through here: a regular file (`open_regular`)
becomes data (`read_yaml`, `read_json`, `parse_json`), and data becomes the type that was declared for it
(`read_as`, with `Schema` as the base of records).
"""

from synth.printable import printable
from synth.schema.json_text import parse_json, read_json
from synth.schema.record import Line, Schema, Whole, read_as, sentence
from synth.schema.regular_file import open_regular, read_regular
from synth.schema.shown import shown
from synth.schema.yaml_file import Document, parse_yaml, read_yaml

__all__ = [
    "Document",
    "Line",
    "Schema",
    "Whole",
    "open_regular",
    "parse_json",
    "parse_yaml",
    "printable",
    "read_as",
    "read_json",
    "read_regular",
    "read_yaml",
    "sentence",
    "shown",
]
