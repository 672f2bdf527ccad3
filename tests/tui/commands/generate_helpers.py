"""What several tests share."""

import json
from typing import Any

from tests.helpers.run_cli import call


def objects(*arguments: str) -> list[dict[str, Any]]:
    done = call("generate", *arguments, "--model", "weaver", "--json")
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]
