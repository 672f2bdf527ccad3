"""Pictures and commands of texts: they show everything, and repeat it."""

import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.core.sampling.config import SamplingChange
from charloom.core.sanitize import sanitize
from charloom.tui.dialogs.share import write_generations
from charloom.tui.formatting.picture import picture_formats, text_picture
from charloom.tui.formatting.shell_commands import generate_command, shell_quote
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import call

SVG = "{http://www.w3.org/2000/svg}"
CHARACTERS = "ab -'\"$`\\!*\n\té猫שה\x1b\u202e"
STRANGE = "- <b>&amp; ]]> 'a' \"b\" $HOME `x` \\ !\n\t\x1b[31m\x00\x9b\u202eשלום 吾輩は猫 é ग्राम्य"  # noqa: RUF001


def shown(svg: str) -> list[str]:
    """Return the lines of a picture that is well-formed."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def spoken(svg: str) -> str:
    """Return the description of a picture."""
    return ElementTree.fromstring(svg).findtext(f"{SVG}desc") or ""


def test_a_picture_shows_text_model_settings_seed_bits_and_command() -> None:
    g = generation(
        prompt="It was ", text="a summer.\n\nThe sea " + "went on and on " * 20,
        model="weaver", step=920, temperature=0.7, top_k=40, seed=62981, bits_per_char=1.274,
    )  # fmt: skip
    svg = text_picture(g)
    lines = shown(svg)
    assert " ".join(" ".join(lines).split()).count("went on and on") == 20
    assert any(line.startswith("It was a summer.") for line in lines)
    for fact in ("weaver@920", "seed 62981", "temperature 0.7", "top-k 40", "1.27 bits/char"):
        assert any(fact in line for line in lines), fact
    command = generate_command(g)
    assert spoken(svg) == command
    assert command.replace(" ", "") in "".join(lines).replace(" ", "")


def test_every_character_is_shown_or_has_a_glyph() -> None:
    g = generation(prompt=STRANGE, text=STRANGE * 3)
    lines = shown(text_picture(g))
    whole = sanitize(STRANGE * 4).replace("\n", "").replace(" ", "")
    assert whole in "".join(lines).replace(" ", "")


def test_a_long_text_is_cut_and_says_so() -> None:
    lines = shown(text_picture(generation(text="line\n" * 1_000)))
    assert len(lines) < 70 and any("more lines" in line for line in lines)


@needs_posix("bash")
@pytest.mark.parametrize("text", [STRANGE.replace("\0", ""), "plain", "two words", "", "\x019"])
def test_a_quoted_text_is_one_printable_word_of_the_shell(text: str) -> None:
    quoted = shell_quote(text)
    assert quoted.isprintable()
    done = subprocess.run(
        ["bash", "-c", f"printf %s {quoted}"],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert done.stdout.decode() == text


@needs_posix("bash")
@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("ab", ()),
        ("-a 'b'\n", ("--temperature", "0.55", "--top-k", "7", "--min-p", "0.01")),
        ("\x1b\u202eשה", ("--stop", "a", "--until", "sentence")),
        ("", ("--top-p", "0.9")),
    ],
)
def test_the_command_writes_the_same_text_again(prompt: str, options: tuple[str, ...]) -> None:
    save_model("my model", random_checkpoint(CHARACTERS))
    done = call("generate", "--model", "my model", "--length", "60", *options, "--", prompt)
    assert done.code == 0
    with Library() as library:
        written = library.recent(1)[0]
    assert written.prompt == prompt
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {generate_command(written)}"],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        check=True,
    )
    program, *arguments = words.stdout.decode().split("\0")[:-1]
    assert program == "charloom"
    assert call(*arguments).code == 0
    with Library() as library:
        again = library.recent(1)[0]
    assert again.id != written.id
    assert (again.prompt, again.text) == (written.prompt, written.text)


def test_what_was_read_before_the_prompt_is_part_of_the_command() -> None:
    assert shlex.split(generate_command(generation(context="Yes.\n", prompt="No")))[-1:] == [
        "$Yes.\\nNo"
    ]


@pytest.mark.parametrize(
    "fields", [{"changes": (SamplingChange(1, 0.5, 0, 1.0),)}, {"prompt": "a\0b"}, {"prompt": "-"}]
)
def test_a_text_that_no_command_can_write_is_replayed(fields: dict[str, Any]) -> None:
    assert generate_command(generation(id=7, **fields)) == "charloom favorites replay 7"
    assert generate_command(generation(id=0, **fields)) == ""


def test_a_picture_is_of_one_text(tmp_path: Path) -> None:
    texts: list[Generation] = [generation(), generation()]
    with pytest.raises(CharloomError, match="one text"):
        write_generations(tmp_path / "two.svg", texts, "svg")
    write_generations(tmp_path / "one.svg", texts[:1], "svg")
    assert (tmp_path / "one.svg").read_text("utf-8") == text_picture(texts[0])


def test_a_picture_is_written_as_png(tmp_path: Path) -> None:
    if not find_spec("cairosvg"):
        pytest.skip("cairosvg is not installed")
    try:
        import cairosvg  # noqa: F401
    except OSError as error:
        pytest.skip(f"the Cairo library is not installed: {error}")
    assert picture_formats() == ("svg", "png")
    path = tmp_path / "text.png"
    write_generations(path, [generation(prompt=STRANGE)], "png")
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) > 1_000  # pixels across
