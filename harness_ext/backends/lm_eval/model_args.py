"""Arguments of lm_eval's models, as the command line writes them, and as they may be shown."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS, is_secret_name


def parse_model_args(text: str) -> dict[str, Any]:
    """Read ``NAME=VALUE,NAME=VALUE`` as lm_eval does,
    values turned into numbers and truth values where they look it.
    """
    from lm_eval.utils import simple_parse_args_string

    for part in text.split(","):
        if part.strip() and "=" not in part:
            raise StylerepError(f"--model_args: {part.strip()!r} is no NAME=VALUE.")
    parsed: dict[str, Any] = simple_parse_args_string(text)
    return parsed


def public_model_args(model_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that may be written down: none that is a secret by its name, and no user,
    password or query in an address.
    """
    return {
        name: _plain(SECRETS.settings(value))
        for name, value in model_args.items()
        if not is_secret_name(name)
    }


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or "://" not in value:
        return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
    try:
        parts = urlsplit(value)
    except ValueError:
        return "(an address that cannot be read)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
