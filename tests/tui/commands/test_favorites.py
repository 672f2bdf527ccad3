import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from charloom.core.library.database import Library
from charloom.core.library.generation import Generation, format_generations
from charloom.core.store.write import remove_model, rename_model
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.run_cli import Result, call, needs_terminal, on_terminal


def favorites(*arguments: str) -> Result:
    return call("favorites", *arguments)


def keep(*texts: str, starred: bool = True) -> None:
    with Library() as library:
        for text in texts:
            library.add(generation(text, starred=starred))


def stored() -> list[Generation]:
    with Library() as library:
        return library.recent(-1)


def ids(done: Result) -> list[int]:
    assert done.code == 0, done.err
    return [record["id"] for record in json.loads(done.out)]


def written(*options: str) -> Generation:
    """Generate text with a real model, and return the stored record."""
    save_model("weaver", random_checkpoint())
    arguments = ("generate", "the sea", "--model", "weaver", "--length", "60", "--seed", "4")
    assert call(*arguments, *options).code == 0
    return stored()[0]


def test_favorites_are_listed_newest_first_and_all_texts_with_all() -> None:
    keep(" one", " two")
    keep(" three", starred=False)
    assert ids(favorites("--json")) == ids(favorites("list", "--json")) == [2, 1]
    assert ids(favorites("--all", "--json")) == [3, 2, 1]


def test_a_row_has_id_date_model_tags_and_text() -> None:
    keep(" in\n\x1b[2J hope", starred=False)
    with Library() as library:
        library.tag(1, ["dark", "best"])
    head, row = favorites("--all").out.splitlines()
    assert head.split() == ["id", "date", "model", "tags", "text"]
    assert row.split(maxsplit=2)[:2] == ["1", "2026-01-02"]
    assert "creature@4210  best, dark  You will rejoice to hear in↵␛[2J hope" in row


def test_an_empty_list_says_how_to_make_a_favorite() -> None:
    keep(" never mind", starred=False)
    done = favorites()
    assert (done.code, done.out) == (0, "")
    assert "--favorite" in done.err


def test_a_search_finds_favorites_by_their_words_and_all_texts_with_all() -> None:
    keep(" a dark sea", " a bright sea")
    keep(" a dark moor", starred=False)
    assert ids(favorites("search", "dark", "--json")) == [1]
    assert ids(favorites("search", "sea", "dark", "--json")) == [1]
    assert sorted(ids(favorites("search", "dark", "--all", "--json"))) == [1, 3]
    nothing = favorites("search", "sunshine")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing was found.\n")


@pytest.mark.parametrize("query", ['"', "'; DROP TABLE generations; --", "NEAR(", "*", "\0", "-"])
def test_punctuation_is_searched_for_like_anything(query: str) -> None:
    keep(" still here")
    assert ids(favorites("search", "--json", "--", query)) == []
    assert ids(favorites("--json")) == [1]


def test_a_text_is_shown_with_everything_needed_to_reproduce_it() -> None:
    keep(" that\n no disaster")
    assert favorites("show", "1").out == format_generations(stored(), "txt")
    assert json.loads(favorites("show", "1", "--json").out) == json.loads(
        json.dumps(asdict(stored()[0]))
    )


def test_a_text_is_added_to_the_favorites_and_removed() -> None:
    keep(" one", starred=False)
    assert favorites("add", "1").code == 0
    assert ids(favorites("--json")) == [1]
    assert favorites("remove", "1").code == 0
    assert ids(favorites("--json")) == []
    assert ids(favorites("--all", "--json")) == [1]


def test_a_text_is_deleted_only_after_confirmation() -> None:
    keep(" one", " two")
    done = favorites("remove", "1", "--delete")
    assert (done.code, len(stored())) == (2, 2)
    assert "Pass --yes" in done.err
    assert favorites("remove", "1", "--delete", "--yes").code == 0
    assert [generation.id for generation in stored()] == [2]


def test_many_texts_are_deleted_by_day_model_and_star() -> None:
    with Library() as library:
        for day, model, starred in (
            ("2026-01-02", "weaver", False),
            ("2026-01-02", "weaver", True),
            ("2026-01-03", "weaver", False),
            ("2026-01-03", "spinner", False),
            ("2026-01-03", "spinner", True),
        ):
            created = f"{day}T00:00:00+00:00"
            library.add(generation(created=created, model=model, starred=starred))

    def left(*options: str) -> list[int]:
        done = favorites("delete", *options, "--yes")
        assert done.code == 0, done.err
        return sorted(generation.id for generation in stored())

    assert left("--before", "2026-01-02") == left("--model", "nobody") == [1, 2, 3, 4, 5]
    assert left("--before", "2026-01-03", "--all-unstarred") == [2, 3, 4, 5]
    assert left("--model", "spinner", "--all-unstarred") == [2, 3, 5]
    assert left("--before", "2026-01-03") == [3, 5]
    assert left("--all-unstarred") == [5]
    assert left("--model", "spinner") == []


def test_many_texts_are_deleted_only_after_their_number_was_confirmed() -> None:
    keep(" one", " two")
    keep(" three", starred=False)
    assert favorites("delete").code == favorites("delete", "--before", "May", "--yes").code == 2
    refused = favorites("delete", "--before", "2027-01-01")
    assert (refused.code, len(stored())) == (2, 3) and "Pass --yes" in refused.err
    done = favorites("delete", "--before", "2027-01-01", "--yes")
    assert (done.code, done.err, stored()) == (0, "Deleted 3 texts.\n", [])
    assert favorites("delete", "--all-unstarred").err == "There is no such text.\n"


@needs_terminal
def test_a_terminal_is_asked_for_confirmation() -> None:
    keep(" one\nmore")
    refused = on_terminal("favorites", "remove", "1", "--delete", typed=b"n\n")
    assert "Delete 1 permanently (You will rejoice to hear one↵more)?" in refused.out
    assert (refused.code, len(stored())) == (1, 1)
    assert on_terminal("favorites", "remove", "1", "--delete", typed=b"y\n").code == 0
    assert stored() == []


def test_tags_are_added_and_removed() -> None:
    keep(" one")
    assert favorites("tag", "1", "Dark", "short").out == "dark, short\n"
    assert favorites("tag", "1", "--remove", "dark").out == "short\n"
    assert stored()[0].tags == ("short",)
    assert favorites("tag", "1", "a,b").code == 1


@pytest.mark.parametrize("kind", ["txt", "md", "jsonl"])
def test_an_export_has_the_favorites_or_all_in_each_format(kind: str) -> None:
    keep(" one", " two\x1b")
    keep(" three", starred=False)
    everything = stored()
    assert favorites("export", "--format", kind).out == format_generations(everything[1:], kind)
    assert favorites("export", "--all", "--format", kind).out == format_generations(
        everything, kind
    )


def test_an_export_replaces_a_file_only_with_force(tmp_path: Path) -> None:
    keep(" one ☃")
    target = tmp_path / "saved.txt"
    assert favorites("export", "--output", str(target)).out == ""
    assert target.read_bytes() == format_generations(stored(), "txt").encode()
    target.write_text("mine")
    refused = favorites("export", "--output", str(target))
    assert (refused.code, target.read_text()) == (1, "mine")
    assert "--force" in refused.err
    assert favorites("export", "--output", str(target), "--force").code == 0
    assert "☃" in target.read_text("utf-8")


@pytest.mark.parametrize("place", ["no/such/folder/a.txt", ".", "a\0b"])
def test_a_file_that_cannot_be_written_is_a_one_line_error(place: str, tmp_path: Path) -> None:
    keep(" one")
    done = favorites("export", "--output", str(tmp_path / place), "--force")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "cannot be written" in done.err


@pytest.mark.parametrize("options", [(), ("--stop", "e"), ("--temperature", "0"), ("--top-k", "3")])
def test_a_replay_gives_the_same_text(options: tuple[str, ...]) -> None:
    written(*options)
    done = favorites("replay", "1")
    assert (done.code, done.out) == (0, "The same text came out, character for character.\n")


def test_a_replay_finds_the_checkpoint_of_a_renamed_model() -> None:
    written()
    rename_model("weaver", "spinner")
    assert favorites("replay", "1").code == 0


def test_a_replay_that_differs_names_the_first_character() -> None:
    generation = written()
    other = "a" if generation.text[30] != "a" else "b"
    with Library() as library:
        library.add(replace(generation, text=generation.text[:30] + other + generation.text[31:]))
    done = favorites("replay", "2")
    assert done.code == 1
    assert done.err == (
        f"charloom: The texts differ at character 31: {other!r} is on record, "
        f"{generation.text[30]!r} came out.\n"
    )


def test_a_replay_needs_the_very_checkpoint() -> None:
    written()
    save_model("weaver", random_checkpoint(seed=1))  # of the same step
    done = favorites("replay", "1")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("charloom: The checkpoint weaver@100 that wrote this has been repl")
    remove_model("weaver")
    assert "that wrote this is no longer there" in favorites("replay", "1").err


@pytest.mark.parametrize("command", ["show", "add", "remove", "replay"])
def test_an_unknown_id_is_a_one_line_error(command: str) -> None:
    done = favorites(command, "77")
    assert done == Result(1, "", "charloom: There is no generation 77 in the library.\n")
    assert favorites(command, str(2**70)).code == 1
    assert favorites(command, "abc").code == 2
