import shlex

import pytest

from charloom.tui.console.follow import quoted_prompt


@pytest.mark.parametrize(
    ("opening", "prompt"),
    [
        ("It was a dark night", "It was a dark night"),
        ("It was\na dark night", "It was"),
        (
            "It was a dark and stormy night; the rain fell in",
            "It was a dark and stormy night; the rain",
        ),
        ('Don\'t $HOME `ls` \\ say "no"!', 'Don\'t $HOME `ls` \\ say "no"!'),
        ("'Tis the year's midnight", "'Tis the year's midnight"),
        ("", ""),
        ("春眠不覺曉" * 12, "春眠不覺曉" * 8 + "春"),
    ],
)
def test_a_suggested_prompt_is_one_argument_for_the_shell(opening: str, prompt: str) -> None:
    assert shlex.split(quoted_prompt(opening)) == [prompt]


def test_a_suggested_prompt_is_no_option() -> None:
    assert quoted_prompt("--model or not") == '-- "--model or not"'
    assert quoted_prompt("'Tis") == '"\'Tis"'
