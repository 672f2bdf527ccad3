"""The import graph: no circle of files, and no arrow against the layers of ``pyproject.toml``.

The linter leaves out imports for type checkers; here every import counts, wherever it stands.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
LAYERS = {
    contract["containers"][0]: contract["layers"]
    for contract in LINTER["contracts"]
    if contract["type"] == "layers"
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("charloom", *parts)).removesuffix(".__init__")


MODULES = {
    module_name(path): path for part in ("core", "tui") for path in ROOT.glob(f"{part}/**/*.py")
}


def imported(path: Path) -> Iterator[str]:
    """Yield every module of Charloom that a file imports: at the top, in functions, for types."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in MODULES:
                    yield name
                elif node.module in MODULES:
                    yield str(node.module)


@cache
def graph() -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    return {name: set(imported(path)) - {name} for name, path in MODULES.items()}


def test_no_circle_of_files() -> None:
    assert len(graph()) > 100 and sum(map(len, graph().values())) > 500
    TopologicalSorter(graph()).prepare()  # raises CycleError, which names the files


def test_no_import_against_the_layers() -> None:
    floors = {
        f"{container}.{part.strip()}": (container, height)
        for container, layers in LAYERS.items()
        for height, layer in enumerate(reversed(layers))
        for part in layer.split("|")
    }
    packages = {name: ".".join(name.split(".")[:3]) for name in MODULES}
    against = [
        (importer, target)
        for importer, targets in graph().items()
        for target in targets
        if (here := floors.get(packages[importer]))
        and (there := floors.get(packages[target]))
        and packages[importer] != packages[target]
        and here[0] == there[0]
        and there[1] >= here[1]
    ]
    assert against == []
    assert not [name for name in MODULES if name.count(".") > 1 and packages[name] not in floors]


def test_the_core_imports_nothing_of_the_app() -> None:
    assert not [
        (importer, target)
        for importer, targets in graph().items()
        for target in targets
        if importer.startswith("charloom.core") and target.startswith("charloom.tui")
    ]
