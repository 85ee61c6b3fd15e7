"""The bash blocks of the README and the tutorials run as they are printed, page by page, in a copy of the repository.

A block with `<!-- not run: reason -->` on the line above it is left out, as is a block of another language.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from factories.built_pico import copy_pico

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(f"docs/tutorials/{path.name}" for path in (ROOT / "docs" / "tutorials").glob("*.md"))]
LANGUAGES = {"", "bash", "yaml"}
MARK = re.compile(r"<!-- not run: \S.* -->")


def script_of(page: str, text: str) -> str:
    """The page as a program: its bash blocks in the places where they stand, so that line numbers are the page's.

    Raises ValueError for a mark or a language that is unknown, a mark without a block, and a block without an end.
    """
    lines, script, opened, marked = text.split("\n"), [], None, False
    for number, line in enumerate(lines, 1):
        runs = False
        if opened is not None:
            runs = opened and line != "```"
            opened = opened if line != "```" else None
        elif line.lstrip().startswith("```"):
            language = line.removeprefix("```")
            if language not in LANGUAGES or (marked and language != "bash"):
                raise ValueError(f"{page}:{number}: {line!r} is no beginning of a block here")
            opened, marked = language == "bash" and not marked, False
        elif marked or (line.lstrip().startswith("<!--") and not MARK.fullmatch(line)):
            raise ValueError(f"{page}:{number}: {line!r}: write '<!-- not run: reason -->' right above a bash block")
        else:
            marked = line.startswith("<!--")
        script.append(line if runs else "")
    if opened is not None or marked:
        raise ValueError(f"{page}: ends within a block")
    assert not script[0], "the title"
    script[0] = f"""trap 'echo "{page}:$LINENO: failed: $BASH_COMMAND" >&2' ERR"""
    return "\n".join(script)


@pytest.fixture
def checkout(built_pico, memory_disk):
    """A copy of the repository as a user has it, with pico built and everything installed."""
    folder = memory_disk / "fustercluck"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    copy_pico(built_pico, folder)
    install(folder)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return folder


def install(folder: Path) -> None:
    """A `.venv` that `make setup` takes for installed here, and that nothing can write through: its parts are links."""
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for part in (*Path(sys.prefix).iterdir(), *Path(sys.prefix, "bin").iterdir()):
        if part.name not in ("installed", "bin", "activate"):
            (programs if part.parent.name == "bin" else programs.parent).joinpath(part.name).symlink_to(part)
    (programs / "activate").write_text(f"VIRTUAL_ENV={programs.parent}\n")
    checksum = "cat pyproject.toml constraints.txt scripts/setup | cksum > .venv/installed"
    subprocess.run(checksum, shell=True, cwd=folder, check=True)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def run(folder: Path, script: str) -> tuple[int, str]:
    """Exit status and output of a program in the folder; nothing that it starts outlives it."""
    environment = {name: value for name, value in os.environ.items() if not re.match(r"FC_|DAGSTER_|PYTEST_", name)}
    (folder.parent / "page.sh").write_text(script, "utf-8")
    with (folder.parent / "output.txt").open("w+b") as output:
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", str(folder.parent / "page.sh")],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(folder)},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(280)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_and_leave_the_tree_as_it_was(page, checkout):
    which = ".venv/bin/python -c 'import fc_pipeline, fc_model; print(fc_pipeline.__file__, fc_model.__file__)'"
    of_the_copy = f"{checkout}/fc_pipeline/__init__.py {checkout}/fc_model/__init__.py\n"
    assert run(checkout, which) == (0, of_the_copy)
    status, output = run(checkout, script_of(page, (ROOT / page).read_text("utf-8")))
    assert status == 0, output
    assert git(checkout, "ls-files", "--modified", "--others", "--exclude-standard") == ""


def test_a_page_is_a_program_with_the_same_line_numbers(tmp_path):
    left_out = "<!-- not run: slow -->\n```bash\nexit 3\n```\n```yaml\na: 1\n```\n```\nb\n```\n"
    page = f"# Title\n```bash\nx=1\n```\n{left_out}```bash\ny=$x\nfalse\n```\n"
    script = script_of("page.md", page)
    assert [line for line in script.split("\n") if line][1:] == ["x=1", "y=$x", "false"]
    (tmp_path / "copy").mkdir()
    assert run(tmp_path / "copy", script) == (1, "page.md:17: failed: false\n")


@pytest.mark.parametrize(
    "page",
    [
        "<!-- not ran: slow -->\n```bash\nx\n```",
        "<!-- not run: -->\n```bash\nx\n```",
        "<!-- not run: slow -->\n\n```bash\nx\n```",
        "<!-- not run: slow -->\n```yaml\nx\n```",
        "<!-- not run: slow -->",
        "```sh\nx\n```",
        "```bash \nx\n```",
        "  ```bash\nx\n```",
        "```bash\nx",
    ],
)
def test_unknown_marks_and_blocks_are_refused(page):
    with pytest.raises(ValueError, match=r"^page\.md"):
        script_of("page.md", f"# Title\n{page}")
