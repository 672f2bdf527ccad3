import numpy as np

from charloom.core.data import corpus
from charloom.core.data.text_file import CharacterCounts
from charloom.core.runs.folding import Folding, suggest_folding
from charloom.core.runs.presets import head_cost
from charloom.core.runs.run import create_run, read_run_config


def zipf(size: int) -> CharacterCounts:
    return CharacterCounts(
        np.arange(size) + 0x4E00, (100_000_000 / np.arange(1, size + 1) ** 1.5).astype(int)
    )


def test_folding_is_the_least_that_brings_the_outputs_down_to_the_lstm() -> None:
    counts = zipf(8_000)
    folding = suggest_folding(counts, 512)
    assert folding

    def size(min_count: int) -> int:
        return 1 + int((counts.counts >= min_count).sum())

    lstm = 6 * 4 * 512 * (64 + 512)  # 1,179,648 weights fit into the cache
    assert head_cost(size(folding.min_count), 512) <= lstm
    assert head_cost(size(folding.min_count - 1), 512) > lstm
    folded = counts.counts[counts.counts < folding.min_count]
    assert folding.characters == len(folded)
    assert folding.share == folded.sum() / counts.counts.sum()


def test_a_small_vocabulary_and_a_text_of_rare_characters_are_not_folded() -> None:
    assert suggest_folding(zipf(2_000), 512) is None
    flat = CharacterCounts(np.arange(8_000) + 0x4E00, np.full(8_000, 99))
    assert suggest_folding(flat, 512) is None


def test_folding_is_described_in_one_line() -> None:
    assert str(Folding(12, 5_934, 0.004)) == (
        "auto folds 5,934 rare characters, 0.4% of the text, into one (fold 12); fold 1 keeps all."
    )


def test_only_auto_folds_and_only_if_nothing_else_is_asked() -> None:
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 1_600)))
    data = ("abcdefgh\n" * 6_000 + rare).encode()
    text = corpus.from_bytes(data, title="text", source="text.txt")
    folded = read_run_config(create_run("a", text, "auto", {}, 0, "none"))
    assert folded.min_count == 2
    assert "1,600 rare characters" in folded.training_notes[0]
    whole = read_run_config(create_run("b", text, "auto", {}, 1, "none"))
    assert (whole.min_count, whole.training_notes) == (1, [])
    assert read_run_config(create_run("c", text, "small", {}, 0, "none")).min_count == 0
