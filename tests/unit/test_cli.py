"""The command line without an engine: help, wrong use, exit codes, and that it starts fast."""

import json
import re
import socket
import subprocess
import sys
from dataclasses import fields

import pytest

from prm_app.cli import COMMANDS, main
from prm_app.cli.hints import with_options
from prm_app.errors import GeneratorError, InputError, ServerError, TooLongError
from prm_app.generator import Generator
from prm_app.remote import Servers

NAMES = [module.__name__.rsplit(".", 1)[-1] for module in COMMANDS]


def run(capsys, *args: str) -> tuple[int, str, str]:
    try:
        code = main(args)
    except SystemExit as end:  # argparse's own way out
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", NAMES)
def test_every_command_teaches_its_use(capsys, name):
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert f"usage: prm-app {name}" in out
    assert "--help" in out


@pytest.mark.parametrize("args", [("models", "--help=all"), ("--help=all",), ("models", "--help=")])
def test_help_on_a_topic_is_help_where_there_are_no_topics(capsys, args):
    code, out, _ = run(capsys, *args)
    assert code == 0
    assert out.startswith("usage: prm-app")


def test_help_and_models_need_neither_vllm_nor_gradio():
    watched = "import sys; from prm_app.cli import main\ntry: main(['--help'])\nexcept SystemExit: "
    watched += "print([m for m in ('vllm', 'torch', 'gradio', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "args, says",
    [
        (("score",), "There is no problem: give --problem"),
        (("score", "--problem", "2 + 2?"), "There is no solution: give --solution"),
        (("score", "missing.jsonl"), "missing.jsonl cannot be read"),
        (("score", "/dev/null"), "/dev/null is empty"),
        (("score", "x.jsonl", "--problem", "2 + 2?"), "either a FILE of solutions, or one problem"),
        (("rank",), "There are no solutions"),
        (("rank", "--generate", "4", "--problem", "2?"), "--generator-url and --generator-model"),
        (("eval", "missing.jsonl"), "missing.jsonl cannot be read"),
        (("eval", "missing.jsonl", "--limit", "0"), "--limit is 0"),
        (("reward",), "There is no prompt"),
        (("ui", "--auth", "ada"), "--auth is NAME:PASSWORD"),
        (("unknown",), "invalid choice"),
        ((), "COMMAND"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_do(capsys, args, says):
    code, out, err = run(capsys, *args)
    assert (code, out) == (2, "")
    assert says in err


def test_a_port_in_use_is_told_before_a_model_is_loaded(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, out, err = run(capsys, "ui", "--port", str(port))
    assert (code, out) == (2, "")
    assert f"127.0.0.1, port {port}: choose another with --port" in err


def test_a_server_that_is_away_ends_with_4(capsys):
    code, out, err = run(
        capsys, "score", "--base-url", "127.0.0.1:9", "--problem", "2 + 2?", "--solution", "4"
    )
    assert (code, out) == (4, "")
    assert "No server answers at http://127.0.0.1:9" in err


@pytest.mark.parametrize(
    "error, says",
    [
        (TooLongError(9, 8, 1), "if it allows one. Option: --max-model-len."),
        (ServerError("x", settings=["model", "url"]), "x Options: --model, --base-url."),
        (GeneratorError("x", settings=["api_key"]), "x Option: --generator-api-key."),
        (InputError("x"), "x"),
    ],
)
def test_an_error_is_followed_by_the_options_that_it_calls_for(error, says):
    assert with_options(error).endswith(says)


@pytest.mark.parametrize("kind", [ServerError, GeneratorError])
def test_those_options_are_options(capsys, kind):
    settings = {each.name for each in fields(Generator if kind is GeneratorError else Servers)}
    settings = settings & {"url", "model", "api_key", "timeout", "tokenizer", "max_tokens"}
    _, described, _ = run(capsys, "rank", "--help")
    for option in re.findall(r"--[a-z-]+", with_options(kind("x", settings=sorted(settings)))):
        assert f" {option} " in described


def test_models_lists_licence_size_and_family(capsys):
    code, out, _ = run(capsys, "models", "--json")
    assert code == 0
    models = {row["key"]: row for row in json.loads(out)}
    assert models["demo-qwen"]["family"] == "qwen"
    assert models["Qwen2.5-Math-PRM-7B"]["licence"]
    assert models["Qwen2.5-Math-PRM-72B"]["bytes"] > 100e9
    _, table, _ = run(capsys, "models")
    assert all(key in table for key in models)


def test_a_model_that_does_not_show_its_family_calls_for_the_option(capsys, tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    arguments = ("--problem", "P", "--solution", "S")
    code, _, err = run(capsys, "score", *arguments, "--model", str(tmp_path))
    assert code == 3
    assert "say which family it is of" in err and "Option: --family." in " ".join(err.split())
    code, _, err = run(
        capsys, "score", *arguments, "--model", str(tmp_path), "--family-option", "x"
    )
    assert code == 2 and "'x' is no option of a PRM family" in " ".join(err.split())
