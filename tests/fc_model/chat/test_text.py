"""Chat as a user meets it: piped input, a real pseudo-terminal, both kinds of models."""

import io
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from factories.tiny_exports import Exports

from fc_model.chat.text import Conversation, chat, open_model
from fc_model.errors import UserError
from fc_model.inference.generate import Sampling

PROGRAM = "import sys, pathlib; from fc_model.chat.text import chat; chat(pathlib.Path(sys.argv[1]), num_tokens=8)"


def test_a_piped_line_is_completed(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def complete(line: str, seed: int) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(line))
        chat(exports.huggingface, sampling=Sampling(seed=seed), num_tokens=12)
        return capsys.readouterr().out

    out = complete("def f(x):\n", 0)
    assert out.startswith("def f(x):")
    assert len(out) > len("def f(x):\n")
    assert complete("def f(x):\n", 0) == out
    assert complete("def f(x):\n", 1) != out
    assert complete("\n", 0) != "\n"
    with pytest.raises(UserError, match="no prompt on standard input"):
        complete("", 0)


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        (b"caf\xe9 au lait\n", "utf-8:strict"),
        (b"cafe\r\n", "utf-8:surrogateescape"),
        ("Größe 日本\n".encode(), "latin-1:strict"),
    ],
)
def test_any_bytes_are_a_prompt(exports: Exports, line: bytes, encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-c", PROGRAM, str(exports.gguf("f16"))]
    done = subprocess.run(command, input=line, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout[:2] == line[:2] and b"\r" not in done.stdout


@pytest.mark.parametrize("lines", [None, "import os\n"])
def test_a_history_that_cannot_be_kept_is_none(exports: Exports, tmp_path: Path, lines: str | None) -> None:
    """Below a file no folder can be made, and a folder is no file of lines."""
    (tmp_path / "file").write_text("")
    history = tmp_path / "file" / "history" if lines is None else tmp_path
    program = PROGRAM.replace("num_tokens=8", "history_file=pathlib.Path(sys.argv[2])")
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", program, str(exports.huggingface), str(history)]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=subprocess.PIPE) as process:
        os.close(follower)
        read_until(leader, "> ")
        os.write(leader, b"/quit\n")
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None and b"Traceback" not in process.stderr.read()
    os.close(leader)


def test_both_runtimes_say_the_same(exports: Exports) -> None:
    replies = []
    for model in (exports.huggingface, exports.gguf("f32")):
        with open_model(model, threads=1) as (runtime, codec):
            conversation = Conversation(runtime, codec, Sampling(seed=3), 16)
            replies.append(["".join(conversation.reply(text)) for text in ("import json", "\nclass A", "</s> e")])
    assert replies[0] == replies[1]
    assert "".join(replies[0])


def test_a_document_goes_on_until_it_is_reset(exports: Exports) -> None:
    with open_model(exports.huggingface, threads=1) as (runtime, codec):
        conversation = Conversation(runtime, codec, Sampling(temperature=0), 8)
        first = "".join(conversation.reply("import"))
        assert "".join(conversation.reply("import")) != first
        conversation.reset()
        assert "".join(conversation.reply("import")) == first


def test_special_tokens_are_never_printed(exports: Exports) -> None:
    with open_model(exports.huggingface, threads=1) as (runtime, codec):
        conversation = Conversation(runtime, codec, Sampling(temperature=50, top_k=0, top_p=1), 100)
        ids = codec.tokenize(["".join(conversation.reply("x"))])[0]
        assert len(ids) > 10
        assert set(conversation._ids[1:]).isdisjoint(set(codec.control_tokens) - {codec.eos})


def test_terminal_session(exports: Exports) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, str(exports.gguf("f16"))]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = read_until(leader, "> ")
        assert "/reset" in shown
        for line in ("import os", "/seed 7", "/reset", "/what"):
            os.write(leader, f"{line}\n".encode())
            assert line in read_until(leader, "> ")
        os.write(leader, b"/quit\n")
        assert process.wait(timeout=30) == 0
    os.close(leader)


def read_until(terminal: int, text: str) -> str:
    """What the terminal shows up to the prompt `text`."""
    shown = ""
    deadline = time.monotonic() + 60
    while not shown.endswith(text):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_neither_a_folder_nor_a_gguf_file(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match=r"neither a folder nor a \.gguf file"),
        open_model(tmp_path / "model.bin", threads=1),
    ):
        pass
