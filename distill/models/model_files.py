"""Finds what would run code when a model or adapter is loaded: its own Python files, and pickled weights."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from synth.errors import StylerepError

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
_NO_WEIGHTS = ("training_args.bin", "optimizer.pt", "optimizer.bin", "scheduler.pt", "rng_state*.pth")
_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_TRUSTED: ContextVar[bool] = ContextVar("trusted", default=False)


@contextlib.contextmanager
def code_of_models(trusted: bool) -> Iterator[None]:
    """Let models that are loaded within the block run Python files of their own, if they are *trusted*."""
    token = _TRUSTED.set(trusted)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def is_trusted() -> bool:
    """Say whether models may run Python files of their own."""
    return _TRUSTED.get()


def check_weights(folder: Path, name: str) -> None:
    """Raise StylerepError for a model's folder whose weights are pickled, unless they're there as safetensors
    too.
    """
    if any(folder.glob("*.safetensors")) or any(folder.glob("*.gguf")):
        return
    if pickled := _pickled(folder):
        raise StylerepError(f"{name}: {_refused(pickled)}")


def check_adapter_weights(folder: Path) -> None:
    """Raise StylerepError for an adapter's folder without weights as safetensors."""
    if (folder / _ADAPTER_WEIGHTS).is_file():
        return
    if pickled := _pickled(folder):
        raise StylerepError(f"{folder}: {_refused(pickled)}")
    raise StylerepError(
        f"{folder}: there are no weights beside adapter_config.json ({_ADAPTER_WEIGHTS}); was all of the"
        " adapter copied?"
    )


def _pickled(folder: Path) -> list[Path]:
    found = (path for pattern in _PICKLED for path in sorted(folder.glob(pattern)))
    return [path for path in found if not any(path.match(other) for other in _NO_WEIGHTS)]


def _refused(pickled: list[Path]) -> str:
    more = f" and {len(pickled) - 1} more" if len(pickled) > 1 else ""
    return (
        f"its weights are pickled ({pickled[0].name}{more}), and a pickle can run any code when it is loaded,"
        " so it is not; only safetensors are. Where you know who made it, convert it: torch.load(FILE,"
        " weights_only=True) and safetensors.torch.save_file."
    )


def needs_code(error: Exception) -> bool:
    """Say whether transformers refused a model because it would have run Python files of its own."""
    return "trust_remote_code" in str(error)


def code_refused(model: str) -> StylerepError:
    """Return the error for a model that asks to run Python files of its own."""
    folder = Path(model).expanduser()
    files = ", ".join(path.name for path in sorted(folder.glob("*.py"))[:5]) if folder.is_dir() else ""
    return StylerepError(
        f"The model {model} asks to run Python code of its own{f' ({files})' if files else ''}, which is not"
        " run. Read that code first; to run it, give --trust-remote-code, or trust_remote_code=True in"
        " --model_args."
    )
