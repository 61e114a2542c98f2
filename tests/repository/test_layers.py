"""The architecture holds: who may import whom, no circles, nothing too long. Files are read, not imported.

What breaks a law today stands in `OPEN_...`; these lists may only shrink: a new breach fails, and so does a listed one that is gone.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from support.running import ROOT, run_program

SCRIPTS = ROOT / "workflow_scripts"
PACKAGE = SCRIPTS / "mathcode"

_SHARED = {"settings", "tables", "paths", "interpreter", "responses", "policies", "measures", "grading", "data", "rollouts", "training"}
_SHARED |= {"critic", "estimates", "report"}
LAW: dict[str, set[str]] = {
    "core": set(),
    "settings": set(),
    "tables": set(),
    "paths": set(),
    "interpreter": {"settings"},
    "responses": {"settings"},
    "policies": {"settings"},
    "measures": {"tables"},
    "grading": {"settings", "tables", "interpreter", "responses"},
    "data": {"settings", "tables", "interpreter", "responses", "grading"},
    "rollouts": {"settings", "tables", "interpreter", "responses", "policies"},
    "training": {"settings", "tables", "policies"},
    "critic": {"settings", "tables", "responses", "grading", "policies"},
    "estimates": {"settings", "paths", "policies"},
    "report": {"settings", "tables", "paths", "responses", "measures"},
    "methods": _SHARED,
}
"""What a room may import beside `core` and itself. A method: all of these and `methods`, no other method; `configuration`: everything."""

STANDARD_LIBRARY_ALONE = {
    "interpreter.worker",
    "interpreter.cells",
    "interpreter.randomness",
    "interpreter.isolation",
    "interpreter.namespaces",
    "interpreter.system_calls",
}
TORCH = {"policies", "rollouts", "training", "critic", "methods"}
FOR_RULES = {"configuration", "paths", "settings", "report.index"}
MAX_LINES = 400
MAX_FUNCTION = 60
ODDS_AND_ENDS = {"utils", "common", "helpers", "misc"}

OPEN_IMPORTS: set[tuple[str, str]] = set()
OPEN_PROGRAMS: set[tuple[str, str]] = set()
OPEN_RULES: set[tuple[str, str]] = set()
OPEN_FUNCTIONS: dict[str, int] = {}


def name_of(path: Path) -> str:
    """Dotted name inside the package; a package has its folder's name, `mathcode` itself none."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
PROGRAMS = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SCRIPTS.glob("*.py"))}


def room(module: str) -> str:
    """First folder of a module; a method is a room of its own, as `methods.autocode`."""
    first, *more = module.split(".")
    return f"methods.{more[0]}" if first == "methods" and more and (PACKAGE / "methods" / more[0]).is_dir() else first


def imported(tree: ast.AST) -> Iterator[str]:
    """Every name imported anywhere in a file, `from a import b` as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(tree: ast.AST) -> Iterator[str]:
    """Modules named in texts, as `import_module` and lists of engines do."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    yield from (text.partition(":")[0] for text in texts if re.fullmatch(r"mathcode(\.\w+)+(:\w+)?", text))


def ours(names: Iterable[str]) -> set[str]:
    """Modules of the package among imported names."""
    found = set()
    for name in names:
        if name.startswith("mathcode."):
            inside = name.removeprefix("mathcode.")
            found.add(inside if inside in MODULES else inside.rpartition(".")[0])
    return found - {""}


def allowed(importing: str, module: str) -> bool:
    """Whether the law lets a room import a module."""
    other = room(module)
    if other in ("core", importing) or importing == "configuration":
        return True
    if importing.startswith("methods."):
        return other in LAW["methods"] | {"methods"}
    return other in LAW[importing]


def only_shrinks(found: set, listed: set, law: str) -> None:
    assert not found - listed, f"{law}: new breaches"
    assert not listed - found, f"{law}: these are no breaches any more; take them off the list"


def test_every_room_has_a_law():
    rooms = {room(name) for name in MODULES if name}
    assert {name for name in rooms if not name.startswith("methods.")} <= {*LAW, "configuration"}


def test_a_room_imports_what_its_law_allows():
    found = {
        (name, module)
        for name, tree in MODULES.items()
        for module in ours([*imported(tree), *named(tree)])
        if name and not allowed(room(name), module)
    }
    only_shrinks(found, OPEN_IMPORTS, "who may import whom")


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: ours(imported(tree)) - {name} for name, tree in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("name", sorted(STANDARD_LIBRARY_ALONE))
def test_what_runs_beside_foreign_programs_imports_the_standard_library_alone(name):
    by_path = {module.rpartition(".")[2] for module in STANDARD_LIBRARY_ALONE}
    assert {found.partition(".")[0] for found in imported(MODULES[name])} <= sys.stdlib_module_names | by_path


def test_torch_stays_in_its_rooms():
    users = {name for name, tree in MODULES.items() if any(found.partition(".")[0] == "torch" for found in imported(tree))}
    assert {name for name in users if name.partition(".")[0] not in TORCH} == set()


def test_programs_import_no_program():
    roots = {name: {found.partition(".")[0] for found in imported(tree)} for name, tree in PROGRAMS.items()}
    found = {(name, other) for name, used in roots.items() for other in used & {*PROGRAMS}}
    only_shrinks(found, OPEN_PROGRAMS, "what programs import")


def test_rules_import_configuration_and_paths():
    """Rules of one method also import its `artifacts`."""
    found = set()
    for path in (ROOT / "Snakefile", *sorted((ROOT / "rules").rglob("*.smk"))):
        folder = path.relative_to(ROOT).parent
        lines = re.findall(r"^\s*(?:from mathcode\S* import .+|import mathcode.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
        modules = ours(name for line in lines for name in imported(ast.parse(line.strip())))
        own = {f"methods.{folder.name}.artifacts"} if folder.parent.name == "rules" else set()
        found |= {(str(folder / path.name), module) for module in modules - FOR_RULES - own}
    only_shrinks(found, OPEN_RULES, "what rules import")


@pytest.mark.stage
@pytest.mark.parametrize("module", sorted({*FOR_RULES, *(name for name in MODULES if re.fullmatch(r"methods\.\w+\.artifacts", name))}))
def test_what_rules_import_is_light(module):
    """Every job of Snakemake reads the Snakefile again."""
    code = f"import sys, mathcode.{module}; print(sorted({{'polars', 'numpy', 'torch'}} & set(sys.modules)))"
    assert run_program(sys.executable, "-c", code).stdout == "[]\n"


def test_no_module_is_too_long():
    lines = {name_of(path): path.read_text(encoding="utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    lines |= {path.name: path.read_text(encoding="utf-8").count("\n") for path in SCRIPTS.glob("*.py")}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_no_function_is_too_long():
    long = {}
    for name, tree in (MODULES | PROGRAMS).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= MAX_FUNCTION:
                long[f"{name}.{node.name}"] = node.end_lineno - node.lineno + 1
    only_shrinks({*long}, {*OPEN_FUNCTIONS}, f"functions of more than {MAX_FUNCTION} lines")
    assert {name for name, lines in long.items() if lines > OPEN_FUNCTIONS[name]} == set(), "these have grown"


def test_each_module_says_for_itself_what_it_is():
    lines = {name: (ast.get_docstring(tree) or "").partition("\n")[0] for name, tree in MODULES.items() if ast.get_docstring(tree)}
    assert {name: line for name, line in lines.items() if list(lines.values()).count(line) > 1} == {}


def there(dotted: str) -> bool:
    """Whether a name inside the package, such as `training.losses.Batch`, is a module, or something that a module defines."""
    module, _, attribute = dotted.rpartition(".")
    is_module = dotted in MODULES or (PACKAGE / dotted.replace(".", "/")).is_dir()
    return is_module or (module in MODULES and re.search(rf"^(?:class |def )?{attribute}\b", source(module), re.MULTILINE) is not None)


def source(module: str) -> str:
    path = PACKAGE / module.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


def test_modules_and_programs_that_texts_name_are_there():
    folders = ("benchmarks", "config", "docs", "rules", "workflow_scripts")
    texts = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".md", ".py", ".smk", ".yaml"}]
    gone = set()
    for path in (*texts, ROOT / "Snakefile", ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "data").glob("**/README.md")):
        text = path.read_text(encoding="utf-8")
        names = re.findall(r"\bmathcode\.((?:\w+\.)*\w+)(?![\w.*])", text)
        gone |= {(path.name, f"mathcode.{name}") for name in names if not there(name) and not there(name.rpartition(".")[0])}
        files = re.findall(r"\b(?:workflow_scripts/[a-z_/]+\.py|rules/[a-z_/]+\.smk)", text)
        gone |= {(path.name, name) for name in files if not (ROOT / name).is_file()}
        gone |= {(path.name, name) for name in re.findall(r"`autocode\.\w+`", text)}
    assert gone == set()


def test_no_module_is_for_odds_and_ends():
    assert {name for name in MODULES | PROGRAMS if ODDS_AND_ENDS & {*name.split(".")}} == set()
