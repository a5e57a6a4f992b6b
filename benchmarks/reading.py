"""How much of a suite of small inputs, each with what reading it must give, is read rightly, by kind.

    python -m benchmarks.reading ../shared/data/reading [--seconds]

The folder holds ``responses.jsonl`` and ``files/files.json``; its README says what a case may ask. Everything
is run as a user runs it: responses through ``stylerep import``, files through the command that their case
names, servers' replies through ``stylerep eval`` and a server here that gives them.
Ends with 1 where less than 99 % is read rightly.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from harness_ext.importing import import_runs
from harness_ext.importing.record import ReadSource
from harness_ext.runs.run_folder import sample_files, sample_rows
from synth.formats import split_response
from synth.responses import Fields

ENOUGH = 0.99
_METRICS = ("acc", "answered", "trace_present")
_TOLERANCE = 0.005


class Case(NamedTuple):
    """One case: its name and kind, and what came out otherwise than it must; nothing if all is well."""

    name: str
    kind: str
    wrong: tuple[str, ...]


def response_cases(path: Path) -> Iterator[Case]:
    """Yield what came of each response."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        for answer_type in dict.fromkeys(case["answer_type"] for case in cases):
            own = [case for case in cases if case["answer_type"] == answer_type]
            rows = [
                {
                    "id": one["id"],
                    "question": f"{one['id']}: {one['question']}",
                    "response": one["response"],
                    "gold": one["gold"],
                    **one.get("meta", {}),
                }
                for one in own
            ]
            file, run = Path(folder, f"{answer_type}.jsonl"), Path(folder, answer_type)
            file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            fields = Fields(response="response", answer="gold", question="question")
            import_runs(
                [file],
                run,
                model="reader",
                task="reading",
                answer_type=answer_type,
                reading=ReadSource(fields),
            )
            samples = {
                row["doc"]["id"]: row for _, row in sample_rows(next(iter(sample_files(run).values())))
            }
            for case in own:
                yield Case(case["id"], case["kind"], tuple(_response_differs(case, samples[case["id"]])))


def _response_differs(case: dict[str, Any], sample: dict[str, Any]) -> Iterator[str]:
    expect, split = case["expect"], split_response(case["response"])
    for name in _METRICS:
        if name in expect and sample[name] != expect[name]:
            yield f"{name} is {sample[name]:g}, not {expect[name]}"
    if (
        "trace_words" in expect
        and not expect["trace_words"][0] <= sample["trace_words"] <= expect["trace_words"][1]
    ):
        yield (
            f"trace_words is {sample['trace_words']:g}, not {expect['trace_words'][0]:g} to"
            f" {expect['trace_words'][1]:g}"
        )
    for name, text, there in (
        ("trace_contains", split.trace, True),
        ("trace_excludes", split.trace, False),
        ("answer_excludes", split.answer, False),
    ):
        if name in expect and (expect[name] in text) != there:
            yield f"{name} {expect[name]!r} does not hold"


def file_cases(folder: Path) -> Iterator[Case]:
    """Yield what came of each use of a file."""
    for number, case in enumerate(json.loads((folder / "files.json").read_text(encoding="utf-8"))):
        files = case["file"] if isinstance(case["file"], list) else [case["file"]]
        paths, expect = [folder / name for name in files], case["expect"]
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch, "out")
            result = _run(case["command"], paths, case["args"], out)
            wrong = list(_result_differs(expect, result, out))
            if (
                not wrong
                and not expect.get("refused")
                and not (expect.get("or_refused") and result.returncode == 2)
                and case["command"] != "compare"
            ):
                wrong = list(_means_differ(expect, _samples(case["command"], out)))
        name = f"{case['command']} {' '.join([*files, *case['args']])}"
        yield Case(f"file-{number + 1:02d} ({name})", case["kind"], tuple(wrong))


def _run(
    command: str, paths: list[Path], arguments: list[str], out: Path
) -> "subprocess.CompletedProcess[str]":
    own = {"import": ["--out", str(out)], "analyze": ["--json", str(out)]}.get(command, [])
    words, sources = [sys.executable, "-m", "harness_ext", command], [*map(str, paths), *arguments, *own]
    with contextlib.ExitStack() as stack:
        if command == "eval":
            address = stack.enter_context(_server(paths[0].read_bytes()))
            sources = [
                "--model",
                "local-chat-completions",
                "--model_args",
                f"base_url={address},model=replay",
                "--tasks",
                "style_arith",
                "--limit",
                "1",
            ]
            sources += ["--output_path", str(out)]
        return subprocess.run([*words, *sources], capture_output=True, text=True, check=False, timeout=300)


@contextlib.contextmanager
def _server(reply: bytes) -> Iterator[str]:
    """Give the same reply to every request, on this machine alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
    finally:
        server.shutdown()
        server.server_close()


def _result_differs(
    expect: dict[str, Any], result: "subprocess.CompletedProcess[str]", out: Path
) -> Iterator[str]:
    printed = result.stdout + result.stderr
    if expect.get("refused") or (expect.get("or_refused") and result.returncode == 2):
        if result.returncode != 2 or "Traceback" in printed or out.exists():
            yield f"it was not refused in a sentence (code {result.returncode})"
        return
    if result.returncode not in expect.get("codes", [0]):
        yield f"it ended with code {result.returncode}: {printed.strip().splitlines()[-1:]}"
    for pattern in expect.get("printed", ()):
        if not re.search(pattern, printed):
            yield f"{pattern!r} is not printed"


def _samples(command: str, out: Path) -> list[dict[str, Any]]:
    if command == "analyze":
        content: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["responses"]
        return content
    runs = [out] if list(out.rglob("samples_*.jsonl")) else sorted(out.parent.glob(f"{out.name}-*"))
    return [row for run in runs for path in run.rglob("samples_*.jsonl") for _, row in sample_rows(path)]


def _means_differ(expect: dict[str, Any], samples: list[dict[str, Any]]) -> Iterator[str]:
    def mean(name: str) -> float:
        return sum(one[name] for one in samples) / max(1, len(samples))

    for name, metric in (("accuracy", "acc"), ("answered", "answered"), ("trace_present", "trace_present")):
        if name in expect and abs(mean(metric) - expect[name]) > _TOLERANCE:
            yield f"{name} is {mean(metric):.3f}, not {expect[name]}"
    if (
        "trace_words" in expect
        and not expect["trace_words"][0] <= mean("trace_words") <= expect["trace_words"][1]
    ):
        yield (
            f"trace_words is {mean('trace_words'):.1f}, not {expect['trace_words'][0]:g} to"
            f" {expect['trace_words'][1]:g}"
        )
    if "samples" in expect and len(samples) != expect["samples"]:
        yield f"there are {len(samples)} samples, not {expect['samples']}"


def read_suite(folder: Path) -> list[Case]:
    """Return what came of every case of a suite."""
    return [*response_cases(folder / "responses.jsonl"), *file_cases(folder / "files")]


def main() -> int:
    """Print the share read rightly by kind, and each case that is not."""
    cases = read_suite(Path(sys.argv[1]))
    kinds = list(dict.fromkeys(case.kind for case in cases))
    for kind in kinds:
        own = [case for case in cases if case.kind == kind]
        print(f"{kind:44} {sum(not case.wrong for case in own):3} of {len(own)}")
    right = sum(not case.wrong for case in cases)
    print(f"{'all':44} {right:3} of {len(cases)} ({100 * right / len(cases):.1f} %)")
    for case in cases:
        if case.wrong:
            print(f"  {case.name}: {'; '.join(case.wrong)}")
    return 0 if right >= ENOUGH * len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
