from charloom.core.wording import did_you_mean, listed, plural


def test_one_is_singular_and_every_other_number_is_plural() -> None:
    assert [plural(number, "thread") for number in (0, 1, 2, 1_234)] == [
        "0 threads",
        "1 thread",
        "2 threads",
        "1,234 threads",
    ]
    assert [plural(number, "epoch") for number in (1.0, 0.5, 12.0)] == [
        "1 epoch",
        "0.5 epochs",
        "12 epochs",
    ]


def test_similar_names_are_suggested_in_any_case() -> None:
    assert did_you_mean("FRANKENSTIEN", ["alice", "Frankenstein"]) == "did you mean 'Frankenstein'?"
    assert did_you_mean("seaa", ["sea", "seal"]) == "did you mean 'sea' or 'seal'?"
    assert did_you_mean("", ["sea"]) == did_you_mean("xyzzy" * 1_000, ["sea"]) == ""


def test_of_many_names_the_first_are_listed() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(list("abcdef"), 2) == "a, b and 4 more"
    assert listed([], 2) == ""
