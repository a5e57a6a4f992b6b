"""Groups runs into conditions (seeds of one arm), and finds each condition's baseline."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_ext.runs.run_folder import Run
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home
from synth.privacy.secrets import SECRETS

BY = ("family", "arm", "seed", "task")
DECODING = ("gen_kwargs", "chat_template")
"""What a manifest says of how responses were made."""
_CONTROLS = "decoding"
"""What it says of controls of style (`harness_ext.backends.style_hf.control_settings`),
which the name of the arm says as well.
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """One arm of one model, in one run or in several that differ in the seed alone.

    `model` is the base model as the manifest names it, without the home folder that it lies in, and `family`
    its family; both are empty for runs without a manifest, which stand alone.
    """

    name: str
    model: str
    family: str
    arm: str
    runs: tuple[Run, ...]

    @property
    def seeds(self) -> tuple[Any, ...]:
        """The seeds of the runs, None for one without."""
        return tuple(run.manifest.get("seed") for run in self.runs)

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """The (task, filter) that all runs have, in the order of the first."""
        return [key for key in self.runs[0].tasks if all(key in run.tasks for run in self.runs)]


def read_by(text: str) -> tuple[str, ...]:
    """Read what rows are told apart by; raise StylerepError for an unknown word, or where arms aren't told
    apart.
    """
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in BY:
            raise StylerepError(f"--by takes {', '.join(BY)}, separated by commas; found {word!r}.")
    if "arm" not in words:
        raise StylerepError("--by must name arm: arms are what is compared.")
    return words


def conditions(runs: Sequence[Run], by: Collection[str]) -> list[Condition]:
    """Group runs: those of one base model, arm and decoding whose seeds differ are one condition,
    unless *by* tells seeds apart.
    """
    groups: dict[object, list[Run]] = {}
    for run in runs:
        key = _group(run)
        groups.setdefault(id(run) if key is None or "seed" in by else key, []).append(run)
    parted: list[list[Run]] = []
    for members in groups.values():
        seeds = [member.manifest.get("seed") for member in members]
        parted += [members] if len(set(seeds)) == len(seeds) else [[member] for member in members]
    names = map(without_home, _names(parted))
    return [
        Condition(
            name,
            without_home(str(SECRETS.settings(members[0].manifest.get("base_model")) or "")),
            str(members[0].manifest.get("family") or ""),
            _arm(members[0]),
            tuple(members),
        )
        for name, members in zip(names, parted, strict=True)
    ]


def baselines(found: Sequence[Condition], baseline: Path | str | None) -> dict[str, Condition]:
    """Return the baseline of each condition, by its name: *baseline* (a run's folder or an arm), else the
    first run's arm.

    A folder is the baseline of all; an arm, that of every model that has it. A baseline has no entry. Raises
    StylerepError where there is no such run or arm, or a model lacks it.
    """
    folder = Path(baseline).resolve() if baseline is not None else None
    named = [
        one for one in found for run in one.runs if folder is not None and run.folder.resolve() == folder
    ]
    if named:
        return {one.name: named[0] for one in found if one is not named[0]}
    first = found[0]
    if baseline is None and (not first.arm or len({one.model for one in found}) == 1):
        return {one.name: first for one in found if one is not first}
    arm = first.arm if baseline is None else str(baseline)
    by_model: dict[str, list[Condition]] = {}
    for one in found:
        if one.arm == arm:
            by_model.setdefault(one.model, []).append(one)
    if not by_model:
        arms = ", ".join(dict.fromkeys(one.arm for one in found if one.arm)) or "none"
        raise StylerepError(
            f"--baseline {arm}: this is neither one of the run folders nor one of their arms ({arms})."
        )
    chosen: dict[str, Condition] = {}
    for one in found:
        there = by_model.get(one.model, [])
        if not there:
            raise StylerepError(
                f"{one.runs[0].folder}: there is no run of arm {arm} of {one.model or 'its model'} to compare"
                " it with; name a --baseline."
            )
        if len(there) > 1:
            raise StylerepError(
                f"Several runs are of arm {arm} ({_listed(there)}); name the folder of one as --baseline."
            )
        if one is not there[0]:
            chosen[one.name] = there[0]
    return chosen


def _group(run: Run) -> tuple[str, ...] | None:
    """Return what seeds of one condition have in common; None where the manifest does not say."""
    model, arm = run.manifest.get("base_model"), run.manifest.get("arm")
    return (
        (str(model), str(arm), *(str(run.manifest.get(name)) for name in (*DECODING, _CONTROLS)))
        if model and arm and arm != "unknown"
        else None
    )


def _arm(run: Run) -> str:
    return str(run.manifest.get("arm") or "")


def _names(parted: Sequence[Sequence[Run]]) -> list[str]:
    """Name a run by its folder, with as many folders above it as tell it from others of that name,
    and seeds by their arm and number.
    """
    paths = [members[0].folder.resolve() for members in parted]
    several = len({str(members[0].manifest.get("base_model")) for members in parted}) > 1
    names = []
    for members, path in zip(parted, paths, strict=True):
        if len(members) > 1:
            model = (
                f"{str(members[0].manifest['base_model']).rstrip('/').rpartition('/')[2]} " if several else ""
            )
            names.append(f"{model}{_arm(members[0])}, {len(members)} seeds")
        else:
            alike = [other.parts for other in paths if other.name == path.name]
            length = next(
                (
                    n
                    for n in range(1, len(path.parts))
                    if [other[-n:] for other in alike].count(path.parts[-n:]) == 1
                ),
                len(path.parts),
            )
            names.append(
                "/".join(path.parts[-length:]) if length < len(path.parts) else str(members[0].folder)
            )
    return names


def _listed(found: Iterable[Condition]) -> str:
    return ", ".join(one.name for one in found)
