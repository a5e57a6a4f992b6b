"""What is taken for a secret, and what is not."""

import json

import pytest

from synth.errors import StylerepError
from synth.privacy.secrets import Secrets, is_secret_name, withheld

SECRET_NAMES = (
    "api_key apikey API-KEY x-api-key X-Api-Key Ocp-Apim-Subscription-Key openai_api_key OPENAI_API_KEY key"
    " access_key secret aws_secret_access_key apiKey accessToken token hf_token HF_TOKEN auth_token"
    " use_auth_token access_tokens auth Authorization proxy_authorization oauth password PASSWORD db_password"
    " passwd passphrase header headers extra_headers default-headers cookie Set-Cookie cookies credentials"
    " bearer jwt client_secret private_key session_token"
).split()
OPEN_NAMES = (
    "max_tokens max_new_tokens min_tokens num_tokens tokens token_count tokenizer tokenizer_backend"
    " tokenized_requests use_fast_tokenizer pad_token eos_token bos_token unk_token sep_token think_end_token"
    " end_token add_bos_token custom_prefix_token_id stop_token token_ids token_type_ids author authors"
    " authority key_value num_key_value_heads keyword keys_to_ignore primary_key sort_key cache_key"
    " answer_key base_url model pretrained max_gen_toks temperature monkey header_rows passes bypass"
    " tokens_per_second parallelize"
).split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_other_names_hold_none(name: str) -> None:
    assert not is_secret_name(name)


KEY = "sk-proj-Ab3dEfGh1jKlMnOp"
SHAPES = [
    KEY,
    "hf_aBcDeFgHiJkLmNoPqRsTuVwX",
    "ghp_0123456789abcdefghij0123456789abcdef",
    "github_pat_11ABCDEFG0abcdefghij_xyz",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "Bearer abcdef0123456789abcdef",
    "xoxb-123456789012-abcdef",
    "glpat-abcdefghij0123456789",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
]


@pytest.mark.parametrize("value", SHAPES)
def test_a_secret_is_known_by_its_form(value: str) -> None:
    for text in (value, f"the key {value}, they say", f"x={value}"):
        masked = Secrets().text(text)
        assert value not in masked
        assert "***" in masked


@pytest.mark.parametrize("value", SHAPES)
def test_lines_of_json_with_one_are_masked_and_others_kept(value: str) -> None:
    with_one, without = (
        json.dumps({"resps": [[text]], "n": 1.50}) + "\n"
        for text in (f"it is {value}\nand é", "nothing  here")
    )
    block = (without + with_one + without).encode()
    masked = Secrets().lines(block).decode()
    assert value not in masked
    assert masked.startswith(without)
    assert masked.endswith(without)
    assert masked.count("\n") == 3
    assert Secrets().lines(without.encode()) == without.encode()


@pytest.mark.parametrize(
    "text",
    [
        "A task-based way",
        "sk-learn-and-other-libraries",
        "hf_hub_download",
        "risk-averse-investor-number-12",
        "the bearer of bad news",
        "x = 12:30",
    ],
)
def test_text_without_one_stays(text: str) -> None:
    assert Secrets().text(text) == text


ARGUMENTS: dict[str, object] = {
    "api_key": "pa55word-of-ann",
    "auth_token": 12345678901234,
    "header": {"Authorization": "Bearer topsecret-99", "X-Team": "blue42team"},
    "base_url": (
        "https://ann:hunter2hunter2@host:8000/v1/chat?api-version=2024-02&sig=abcd1234efgh#frag-of-secret"
    ),
    "model": "m",
    "max_tokens": 20,
    "proxy": "bob:swordfish9@proxy.example:3128",
    "extra": "x-api-key: quiet-value-7, max_tokens=5",
    "tokenizer": "gpt2",
    "use_auth_token": True,
    "nested": [{"password": "n35ted-pass"}],
    "text_headers": '{"Cookie": "session=cook1e-value"}',
    "token": None,
}
VALUES = [
    "pa55word-of-ann",
    "12345678901234",
    "topsecret-99",
    "blue42team",
    "hunter2hunter2",
    "2024-02",
    "abcd1234efgh",
    "frag-of-secret",
    "swordfish9",
    "quiet-value-7",
    "n35ted-pass",
    "cook1e-value",
]


def test_settings_are_masked_wherever_a_secret_stands() -> None:
    secrets = Secrets()
    secrets.learn(ARGUMENTS, "--model_args")
    for masked in (secrets.settings(ARGUMENTS), Secrets().settings(ARGUMENTS)):
        text = json.dumps(masked)
        assert not [value for value in VALUES if value in text]
        assert masked["max_tokens"] == 20
        assert masked["tokenizer"] == "gpt2"
        assert masked["use_auth_token"] is True
        assert masked["token"] is None
        assert "max_tokens=5" in masked["extra"]
        assert masked["base_url"].startswith("https://***@host:8000/v1/chat?api-version=***&sig=***")
    assert not [
        value for value in VALUES if value != "frag-of-secret" and value in secrets.output(str(ARGUMENTS))
    ]
    assert "api_key of --model_args" in secrets.found
    assert "base_url of --model_args" in secrets.found
    assert not any(value in (secrets.sentence() or "") for value in VALUES)


def test_masking_twice_changes_nothing() -> None:
    once = Secrets().settings(ARGUMENTS)
    assert Secrets().settings(once) == once


def test_a_value_is_masked_where_it_occurs_again() -> None:
    secrets = Secrets()
    secrets.learn({"api_key": "very-private-1"}, "--model_args")
    assert secrets.texts([{"resps": ["I was told very-private-1."]}]) == [{"resps": ["I was told ***."]}]


@pytest.mark.parametrize("value", ["EMPTY", "none", "1", "123456", "anything"])
def test_a_plain_word_given_as_key_is_left_in_responses(value: str) -> None:
    secrets = Secrets()
    secrets.learn({"api_key": value}, "--model_args")
    assert secrets.text(f"The answer is {value}.") == f"The answer is {value}."
    assert secrets.settings({"api_key": value})["api_key"] in ("***", "none")


def test_references_are_resolved_and_written_as_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "abcdefgh12345")
    secrets = Secrets()
    given = {"api_key": "${MY_KEY}", "base_url": "http://u:${MY_KEY}@h/v1"}
    resolved = secrets.resolved(given, "--model_args")
    assert resolved == {"api_key": "abcdefgh12345", "base_url": "http://u:abcdefgh12345@h/v1"}
    secrets.learn(resolved, "--model_args")
    assert secrets.settings(resolved)["api_key"] == "${MY_KEY}"
    assert "abcdefgh12345" not in json.dumps(secrets.settings(resolved))
    with pytest.raises(
        StylerepError,
        match=(
            r"--model_args: \$\{NO_SUCH_KEY\} stands for an environment variable, and NO_SUCH_KEY is not set"
        ),
    ):
        secrets.resolved({"api_key": "${NO_SUCH_KEY}"}, "--model_args")


def test_words_of_a_command_have_their_secrets_withheld() -> None:
    kept: dict[str, str] = {}

    def name_of(_: str, value: str, __: bool) -> str:
        return kept.setdefault(value, f"${{S{len(kept) + 1}}}")

    text = withheld("base_url=http://ann:hunter2hunter2@h/v1,api_key=very-private-1,max_tokens=5", name_of)
    assert text == "base_url=http://ann:${S1}@h/v1,api_key=${S2},max_tokens=5"
    assert kept == {"hunter2hunter2": "${S1}", "very-private-1": "${S2}"}
    assert withheld(text, name_of) == text
    assert (
        withheld("base_url=http://h/v1?api-version=2024-02,model=m", name_of)
        == "base_url=http://h/v1?api-version=${S3},model=m"
    )
    assert json.loads(withheld('{"token": "abc", "n": 3}', name_of)) == {"token": "${S4}", "n": 3}
    assert withheld("gsm8k:train", name_of) == "gsm8k:train"
    assert withheld("arith:train:max_steps=2", name_of) == "arith:train:max_steps=2"


def test_keys_in_the_environment_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "env-value-12345")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent-12345")
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:proxy-pass-77@proxy.example:3128")
    monkeypatch.setenv("PLAIN_API_KEY", "testing")
    secrets = Secrets()
    secrets.know_environment()
    assert secrets.output("proxy-pass-77 testing ann") == "*** testing ann"
    assert secrets.text("env-value-12345 /run/agent-12345") == "*** /run/agent-12345"
