"""Home folders and user names in paths, and what only looks like one."""

import pytest

from synth.privacy.home_folders import without_home, without_homes


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be ann, who has her home elsewhere."""
    for name, value in {"HOME": "/data/people/ann", "USER": "ann"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ann/models/x", "~/models/x"),
        ("/home/bob", "~"),
        ("peft=/home/bob.smith/a,b=/Users/eve/m", "peft=~/a,b=~/m"),
        ("/Users/ann/models/x", "~/models/x"),
        ("/var/home/ann/x", "~/x"),
        ("/mnt/c/Users/ann/x", "~/x"),
        ("/c/Users/ann/x", "~/x"),
        (r"C:\Users\Ann Smith\models\x", r"~\models\x"),
        ("C:/Users/ann/x", "~/x"),
        (r'"C:\\Users\\ann\\x"', r'"~\\x"'),
        ("/root/models/x", "~/models/x"),
        ("/data/people/ann/runs", "~/runs"),
        ("/scratch/ann/runs", "/scratch/~/runs"),
        ("(all it wrote: /home/ann/s/.cells/x.log)", "(all it wrote: ~/s/.cells/x.log)"),
    ],
)
def test_a_home_is_a_tilde(text: str, expected: str) -> None:
    assert without_home(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "runs/hc",
        "https://example.org/home/page",
        "/data/models/x",
        "org/annie-7b",
        "ann/model",
        "/rooted/x",
        "a/home/b",
        "10/3",
        "homes",
        "/data/annex/x",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert without_home(text) == text


def test_every_string_of_a_value_is_looked_at() -> None:
    assert without_homes({"a": ["/home/bob/x", 3], "b": None}) == {"a": ["~/x", 3], "b": None}
