"""Keeps secrets of a study file out of the study's folder: the commands of cells name environment variables,
which are set for what runs them.
"""

import os
import re
from collections.abc import Sequence

from synth.privacy.secrets import SECRETS, withheld


class Withheld:
    """The secrets in the commands of a study, each in a variable named after its setting:
    ``STYLEREP_SECRET_API_KEY``.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def command(self, words: Sequence[str]) -> list[str]:
        """Return a command with a reference in the place of every secret, and set the variable that it names
        in this process's environment.
        """
        return [withheld(word, self._reference) for word in words]

    def _reference(self, setting: str, value: str, sure: bool) -> str:
        if value not in self._names:
            stem = "STYLEREP_SECRET" + (
                f"_{text}" if (text := re.sub(r"\W+", "_", setting).strip("_").upper()) else ""
            )
            taken = set(self._names.values())
            self._names[value] = next(
                name
                for number in range(1, len(taken) + 2)
                if (name := stem if number == 1 else f"{stem}_{number}") not in taken
            )
        name = self._names[value]
        os.environ[name] = value
        SECRETS.know(value, everywhere=sure)
        SECRETS.found.setdefault(f"{setting or 'an option'} of the study file")
        return f"${{{name}}}"
