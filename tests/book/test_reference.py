"""The appendix: pages of the reference, examples of public names, works that are cited, the plan.

The package is parsed, not imported.
"""

from __future__ import annotations

import ast
import doctest
import json
import re
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file

REPOSITORY = Path(__file__).parents[2]
APPENDIX = REPOSITORY / "book" / "appendix"
CHAPTERS = sorted((REPOSITORY / "book").glob("*/*.ipynb"))

AUTOMODULE = re.compile(r"^\.\. automodule:: ([\w.]+)$", re.MULTILINE)
# Modules whose public names are those of the folder that they lie in.
INNER = re.compile(r"coursecnn\.(datasets|exercises|figures|interactive|widgets)\.\w+|coursecnn")
# A link to a work: by its host, or by a text that ends in its year, as in [Glorot (2010)](...).
WORK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>https?://[^)\s]+)\)", re.MULTILINE)
HOSTS = re.compile(r"https?://(arxiv\.org|doi\.org|proceedings\.mlr\.press|papers\.nips\.cc)/")
CITATION = re.compile(r"[A-Z].*\b(19|20)\d\d\)?")

Definition = ast.FunctionDef | ast.ClassDef


def modules() -> list[str]:
    """Every public module of the package that is no mere part of another."""
    paths = (REPOSITORY / "coursecnn").rglob("*.py")
    parts = (path.relative_to(REPOSITORY).with_suffix("").parts for path in paths)
    names = {".".join(part).removesuffix(".__init__") for part in parts}
    return sorted(name for name in names if not (INNER.fullmatch(name) or "._" in name))


def parsed(module: str) -> ast.Module:
    """The source of a module, parsed."""
    path = REPOSITORY.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def definitions(tree: ast.Module) -> dict[str, Definition]:
    """The functions and classes that a module defines, or takes from a part of itself, by name."""
    found = {node.name: node for node in tree.body if isinstance(node, Definition)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and INNER.fullmatch(node.module or ""):
            inner = definitions(parsed(node.module))
            found |= {name.name: inner[name.name] for name in node.names if name.name in inner}
    return found


def assigned(tree: ast.Module, name: str) -> ast.expr | None:
    """What a module assigns to a name, if it does."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node.value
    return None


def public(tree: ast.Module) -> list[Definition]:
    """The functions and classes that `__all__` lists; without one, all without an underscore.

    Data is described where it stands, and an error where it is raised. The docstring of a command
    is what `coursecnn COMMAND --help` prints.
    """
    listed = assigned(tree, "__all__")
    known = definitions(tree)
    names = set(known) if listed is None else set(ast.literal_eval(listed))
    return [
        node
        for name, node in known.items()
        if name in names
        and not name.startswith("_")
        and not is_error(node)
        and not is_command(node)
    ]


def is_error(node: Definition) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases
    )


def is_command(node: Definition) -> bool:
    return any(ast.unparse(decorator).startswith("app.") for decorator in node.decorator_list)


def examples(node: ast.AST) -> str:
    """The code of the examples in a docstring, and in those of what is defined inside."""
    inside = (child for child in ast.walk(node) if isinstance(child, Definition))
    return "".join(map(own_examples, {node, *inside}))


def own_examples(node: ast.AST) -> str:
    text = ast.get_docstring(node) or ""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(text))


def used(code: str) -> set[str]:
    """The names that a piece of code uses."""
    nodes = list(ast.walk(ast.parse(code)))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def builders(tree: ast.Module) -> set[str]:
    """The builders of a family of architectures, as its `NETWORKS` names them."""
    table = assigned(tree, "NETWORKS")
    return {node.id for node in ast.walk(table) if isinstance(node, ast.Name)} if table else set()


def without_example(tree: ast.Module) -> list[str]:
    """The public names that no example shows.

    An example is a doctest of the name's own, or one of its module's that uses it. The networks of
    a family are built alike, by `architectures.build(name)`, whose example stands for all.
    """
    shown = used(own_examples(tree)) | builders(tree)
    return [node.name for node in public(tree) if node.name not in shown and not examples(node)]


@pytest.mark.parametrize("module", modules())
def test_every_public_name_has_an_example_that_runs(module):
    """`pytest coursecnn` runs it."""
    assert without_example(parsed(module)) == []


def test_a_name_without_an_example_is_found():
    source = """
        '''Two functions.

        >>> shown()
        '''
        def shown(): ...
        def bare(): ...
        def own():
            '''
            >>> own()
            '''
        def _private(): ...
        class Wrong(ValueError): ...
    """
    assert without_example(ast.parse(re.sub("^        ", "", source, flags=re.MULTILINE))) == [
        "bare"
    ]


def test_every_room_has_its_page_in_the_reference():
    pages = sorted((APPENDIX / "reference").glob("*.rst"))
    shown = [name for page in pages for name in AUTOMODULE.findall(page.read_text("utf-8"))]
    assert sorted(shown) == modules()


def test_every_command_is_on_the_page_of_the_command_line():
    tree = ast.parse((REPOSITORY / "coursecnn/cli.py").read_text(encoding="utf-8"))
    commands = {
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef)
        and any(ast.unparse(decorator) == "app.command()" for decorator in each.decorator_list)
    }
    page = (APPENDIX / "reference/cli.rst").read_text(encoding="utf-8")
    assert "count" in commands
    assert commands <= set(re.findall(r"autofunction:: coursecnn\.cli\.(\w+)\(", page))


def test_every_page_of_the_appendix_is_in_the_table_of_contents():
    contents = (REPOSITORY / "_toc.yml").read_text("utf-8")
    files = re.findall(r"file: (\S+)", contents)
    pages = [path for suffix in ("md", "rst") for path in APPENDIX.rglob(f"*.{suffix}")]
    stems = {path.relative_to(REPOSITORY).with_suffix("").as_posix() for path in pages}
    assert stems <= set(files)


def texts(notebook: Path) -> str:
    """The text of a chapter."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def cited(text: str) -> set[str]:
    """The addresses of the works that a text links to."""
    return {
        link["target"]
        for link in WORK.finditer(text)
        if HOSTS.match(link["target"]) or CITATION.fullmatch(link["text"])
    }


def addresses(entry) -> set[str]:
    """Where a work of the bibliography is found."""
    fields = entry.fields
    found = {fields.get("url", "")}
    if "doi" in fields:
        found.add(f"https://doi.org/{fields['doi']}")
    if "eprint" in fields:
        found.add(f"https://arxiv.org/abs/{fields['eprint']}")
    return found - {""}


def bibliography():
    return parse_file(APPENDIX / "references.bib").entries


@pytest.mark.parametrize("notebook", CHAPTERS, ids=lambda path: path.stem)
def test_every_work_that_a_chapter_cites_is_in_the_bibliography(notebook):
    known = set().union(*map(addresses, bibliography().values()))
    assert sorted(cited(texts(notebook)) - known) == []


def test_a_work_is_known_by_its_host_or_by_the_text_of_its_link():
    text = (
        "[so](https://arxiv.org/abs/1) [Hubel (1981)](https://a.b) "
        "[asked in 2016](https://c.d) [Film](https://e.f)"
    )
    assert cited(text) == {"https://arxiv.org/abs/1", "https://a.b"}


@pytest.mark.parametrize("key", bibliography())
def test_every_work_of_the_bibliography_can_be_found_and_is_cited(key):
    """By address or by title, in a chapter, in the ledger or in the package."""
    entry = bibliography()[key]
    files = (REPOSITORY / "coursecnn").rglob("*")
    package = [path.read_text("utf-8") for path in files if path.suffix in {".py", ".toml"}]
    sources = " ".join([*map(texts, CHAPTERS), *package])
    text = re.sub(r"\s+", " ", sources)
    names = {address.removeprefix("https://arxiv.org/abs/") for address in addresses(entry)}
    title = re.sub(r"[{}]", "", entry.fields["title"]).partition(":")[0]
    assert names
    assert title in text or any(name.removeprefix("https://doi.org/") in text for name in names)


NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
WEEKS = re.compile(r"(?:fills|plan of) (\w+) weeks")


def number(word):
    """The number that a word or digits say."""
    return int(word) if word.isdigit() else NUMBERS.split().index(word) + 1


def test_the_plan_for_lecturers_has_every_chapter_in_order_and_the_weeks_that_pages_name():
    """But those of the laboratory, which are projects."""
    contents = yaml.safe_load((REPOSITORY / "_toc.yml").read_text("utf-8"))
    parts = (part for part in contents["parts"] if part["caption"] != "Lab")
    files = [entry["file"] for part in parts for entry in part["chapters"]]
    listed = [f"{file}.ipynb" for file in files if (REPOSITORY / f"{file}.ipynb").exists()]
    plan = (REPOSITORY / "book" / "using.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+ \|.*$", plan, re.MULTILINE)
    planned = [f"book/{link}" for row in rows for link in re.findall(r"\((\S+\.ipynb)\)", row)]
    assert planned == listed
    weeks = list(range(1, len(rows) + 1))
    assert [int(re.match(r"\| (\d+)", row)[1]) for row in rows] == weeks
    for page in ("using.md", "index.md"):
        text = (REPOSITORY / "book" / page).read_text("utf-8")
        assert [number(word) for word in WEEKS.findall(text)] == [len(rows)], page
