"""What the document of a sample says of the graph that its problem states."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from synth.schema import Schema, parse_json, read_as

ENTROPY = "graph_search_entropy"


class GraphOfProblem(Schema):
    """What a problem with a graph says of it; entropy in bits."""

    model_config = ConfigDict(extra="ignore")
    graph_search_entropy: Annotated[float, Field(ge=0, le=1e6)]
    hops: Annotated[int, Field(ge=0, le=1_000_000)]


def graph_of(row: Mapping[str, Any], where: str) -> GraphOfProblem | None:
    """Return what a sample's document says of its graph, None where it has none;
    raise StylerepError for numbers that cannot be.
    """
    document = row.get("doc")
    written = document.get("meta") if isinstance(document, dict) else None
    if not isinstance(written, str) or ENTROPY not in written:
        return None
    return read_as(GraphOfProblem, parse_json(written, f"{where}, doc.meta"), f"{where}, doc.meta")
