from charloom.core.errors import CharloomError, SettingError
from charloom.tui.formatting.content import error_message, safe_content, safe_line


def test_no_markup_is_read_and_nothing_acts() -> None:
    assert safe_content("[red]\x1b[2J[/]").plain == "[red]␛[2J[/]"
    assert safe_line("one\ntwo", 5).plain == "one↵…"


def test_an_error_names_a_setting_by_its_field_in_the_app() -> None:
    error = SettingError("hidden_size", "is a whole number from 1 to 9.", "hidden")
    assert error_message(error) == "‘hidden’ is a whole number from 1 to 9."
    assert str(error) == "--hidden is a whole number from 1 to 9."
    assert error_message(CharloomError("There is no file '--a'.")) == "There is no file '--a'."
