"""A server on this machine that speaks chat completions and says what a test wants it to say."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, int], "str | int | dict[str, Any]"]


@dataclass
class Teacher:
    """A running server: its address, and what it was asked, in order."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def prompts(self) -> list[str]:
        return [request["messages"][-1]["content"] for request in self.asked]

    @property
    def model_args(self) -> dict[str, Any]:
        return {"base_url": self.url, "model": "teacher", "max_retries": 1}


@contextmanager
def teacher(answer: Answer) -> Iterator[Teacher]:
    """Serve until the block ends; *answer* gets a prompt and how many times it was asked before, and returns
    a text, a message, or a status code.
    """
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = request["messages"][-1]["content"]
            with lock:
                before = running.prompts.count(prompt)
                running.asked.append(request)
            said = answer(prompt, before)
            message = {"role": "assistant", "content": said} if isinstance(said, str) else said
            body = json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
            self.send_response(said if isinstance(said, int) else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Teacher(f"http://127.0.0.1:{server.server_port}/v1/chat/completions")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield running
        finally:
            server.shutdown()
