import re

from tests.faults.files_cut import campaign
from tests.faults.spoiling import FORMATS, READ


def test_a_sound_file_says_what_was_written() -> None:
    for make in FORMATS:
        file = make()
        assert file.read(file.new) == READ, file.name


def test_a_spoiled_file_is_refused_or_says_what_was_written() -> None:
    report = campaign(600, seed=3)
    assert report.broken == []
    assert report.cases == 600
    assert re.fullmatch(
        r"checkpoint of .*: ([1-9]\d* as written, )?[1-9]\d* refused", report.seen[0]
    )
