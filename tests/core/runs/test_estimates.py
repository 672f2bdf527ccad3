import json
import time

from charloom.core import paths
from charloom.core.runs.estimates import cache_throughput, cached_throughput


def test_speeds_are_timed_again_after_a_day_and_shown_until_then() -> None:
    cache_throughput({"small": 100.0})
    assert cached_throughput(86_400) == {"small": 100.0}
    file = paths.home() / "speeds.json"
    data = json.loads(file.read_bytes()) | {"when": time.time() - 86_401}
    file.write_text(json.dumps(data))
    assert cached_throughput(86_400) is None
    assert cached_throughput() == {"small": 100.0}
