import pytest

from charloom.tui.formatting.content import in_the_app, safe_content, safe_line


def test_no_markup_is_read_and_nothing_acts() -> None:
    assert safe_content("[red]\x1b[2J[/]").plain == "[red]␛[2J[/]"
    assert safe_line("one\ntwo", 5).plain == "one↵…"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("--hidden is a whole number from 1 to 9.", "‘hidden’ is a whole number from 1 to 9."),
        ("training with --batch 4 and --window 8.", "training with ‘batch’ 4 and ‘window’ 8."),
        ("as in '--encoding utf-16-le'.", "as in ‘encoding’ utf-16-le."),
        ("name another with --held-out.", "name another with ‘held-out’."),
        ("There is no file '/tmp/a--b -- c'.", "There is no file '/tmp/a--b -- c'."),
    ],
)
def test_options_are_told_as_the_fields_they_are_in_the_app(sentence: str, shown: str) -> None:
    assert in_the_app(sentence) == shown
