from charloom.tui.formatting.content import safe_content, safe_line


def test_no_markup_is_read_and_nothing_acts() -> None:
    assert safe_content("[red]\x1b[2J[/]").plain == "[red]␛[2J[/]"
    assert safe_line("one\ntwo", 5).plain == "one↵…"
