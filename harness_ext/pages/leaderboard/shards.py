"""Shards: JSON in small scripts, which a page that was opened from disk can load where it may not fetch.

Each is one call ``stylerep.take("key", "…")`` with the base64 of gzipped JSON. The key of a folder is its
path below the board, such as ``runs/hc/arith``; that of a shard ends in its number,
that of the outcomes in ``outcomes``.
"""

import base64
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.files.replace_file import write_text
from synth.schema import parse_json, read_regular

_CHARACTERS, _ITEMS = 1_000_000, 100
_LARGEST = 100_000_000
_LEVEL = 6
"""Of gzip's nine: the highest takes half as long again for 2 % less."""
_WRITER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def write_shards(key: str, records: Iterable[Mapping[str, Any]], folder: Path) -> list[int]:
    """Write records to 0.js, 1.js, … and return the number of the first record of each.

    A shard has up to 100 records and about 1 MB of JSON, more only for a record that is larger by itself. One
    shard is held in memory at a time; the same records give the same bytes.
    Shards of a larger set that lay there are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    firsts: list[int] = []
    held: list[str] = []
    seen = size = 0
    for record in records:
        text = _json(record)
        if held and (len(held) == _ITEMS or size + len(text) > _CHARACTERS):
            _write(f"{key}/{len(firsts)}", f"[{','.join(held)}]", folder / f"{len(firsts)}.js")
            firsts.append(seen - len(held))
            held, size = [], 0
        held.append(text)
        size += len(text)
        seen += 1
    if held:
        _write(f"{key}/{len(firsts)}", f"[{','.join(held)}]", folder / f"{len(firsts)}.js")
        firsts.append(seen - len(held))
    for path in folder.glob("*.js"):
        if path.stem.isdecimal() and int(path.stem) >= len(firsts):
            path.unlink()
    return firsts


def write_outcomes(key: str, accuracies: Sequence[float], folder: Path) -> None:
    """Write the accuracy of every item, in the set's order, to outcomes.js."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        f"{key}/outcomes",
        _json([int(one) if one in (0, 1) else round(one, 4) for one in accuracies]),
        folder / "outcomes.js",
    )


def read_shard(path: Path) -> Any:
    """Return what a shard holds; raise StylerepError for one that is damaged."""
    packed = read_regular(path, largest=_LARGEST).rpartition(b',"')[2].removesuffix(b'")\n')
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(packed))) as file:
            content = file.read(_LARGEST)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise StylerepError(f"{path}: this file of a board is damaged ({error}).") from error
    return parse_json(content, path)


def rename_shards(old: str, new: str, folder: Path) -> None:
    """Give the shards in *folder* another key."""
    before, after = (f"stylerep.take({json.dumps(key)[:-1]}/" for key in (old, new))
    for path in folder.glob("*.js"):
        write_text(path, path.read_text(encoding="utf-8").replace(before, after, 1))


def _write(key: str, content: str, path: Path) -> None:
    packed = base64.b64encode(gzip.compress(content.encode(), _LEVEL, mtime=0)).decode()
    write_text(path, f'stylerep.take({json.dumps(key)},"{packed}")\n')


def _json(value: Any) -> str:
    """Return JSON in ASCII, so that lone surrogates survive; what JSON has no number for becomes null."""
    try:
        return _WRITER.encode(value)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
