"""Plans which rows make up each step of a training: the same for every arm, number of processes and
resumption.
"""

import hashlib
from collections.abc import Sequence


def step_rows(ids: Sequence[str], epochs: float, batch_size: int, seed: int) -> list[list[int]]:
    """Return the rows (indices into *ids*) of every step.

    In each pass over the data, rows are ordered by a hash of seed, pass and problem id: arms that hold the
    same problems see them in the same batches, in whatever order their files list them. The last pass is cut
    short for a fraction of an epoch; the last step of a pass may be smaller.
    """
    steps: list[list[int]] = []
    per_pass = -(-len(ids) // batch_size)
    wanted = max(1, round(epochs * per_pass))
    for number in range(-(-wanted // per_pass)):
        # used at once
        order = sorted(
            range(len(ids)),
            key=lambda index: hashlib.sha256(f"{seed}\0{number}\0{ids[index]}".encode()).digest(),
        )
        steps += [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return steps[:wanted]


def device_parts(
    rows: Sequence[int], lengths: Sequence[int], processes: int, tokens: int
) -> list[list[list[int]]]:
    """Return, for each process, the parts in which it takes its share of a step: the same number for all,
    each of about *tokens* tokens at most.

    Processes that share a model must run it equally often, so some parts may be empty.
    A single row may be longer than *tokens*.
    """
    shares = [list(rows[process::processes]) for process in range(processes)]
    count = max(len(_cut(share, lengths, tokens)) for share in shares)
    cut = [_cut(share, lengths, tokens) for share in shares]
    return [parts + [[]] * (count - len(parts)) for parts in cut]


def _cut(rows: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    parts: list[list[int]] = []
    held = 0
    for row in rows:
        if not parts or held + lengths[row] > tokens:
            parts.append([])
            held = 0
        parts[-1].append(row)
        held += lengths[row]
    return parts
