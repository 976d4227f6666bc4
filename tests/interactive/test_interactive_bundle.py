"""Scripts become one module, or it is said which line cannot."""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import Any

import pytest

from coursecnn.interactive import page
from coursecnn.interactive._bundle import bundle, imported
from tests import browser

SCRIPTS = sorted(
    file.name for file in files("coursecnn.interactive").iterdir() if file.name.endswith(".js")
)
each_script = pytest.mark.parametrize("script", SCRIPTS)
RUN = """async (source) => Object.entries(
  await import(`data:text/javascript;base64,${source}`))"""
MAIN = 'import { one } from "./other.js";\n\nexport const two = one + one;\n'
OTHER = "// A name.\n\nexport const one = 1;\n"


def bundled(**sources: str) -> str:
    """The module that `main` becomes, with the other files by their names."""
    return bundle("main.js", {f"{name}.js": text for name, text in sources.items()}.__getitem__)


@each_script
def test_every_script_bundles(script: str) -> None:
    lines = page.module(script).splitlines()

    assert lines
    assert not [line for line in lines if line.lstrip().startswith(("import", "export", "//"))]


@each_script
def test_a_browser_reads_what_every_script_becomes(chromium: Any, script: str) -> None:
    assert run(chromium, page.module(script)) == {}


def run(chromium: Any, module: str) -> dict[str, Any]:
    """What a module exports."""
    source = base64.b64encode(module.encode()).decode()
    with browser.visit(chromium) as visit:
        exported = visit.page.evaluate(RUN, source)
        visit.assert_quiet()
        return dict(exported)


def test_two_files_may_use_one_name(chromium: Any) -> None:
    """What a file keeps to itself is not seen in another."""
    main = (
        'import { one } from "./first.js";\nimport { two } from "./second.js";\n'
        "const secret = 30;\nconst answer = secret + one + two;\n"
    )
    first = "const secret = 1;\nexport const one = secret;\n"
    second = "const secret = 2;\nexport function third() {}\nexport const two = secret;\n"

    module = bundled(main=main, first=first, second=second) + "export { answer };"

    assert run(chromium, module) == {"answer": 33}


def test_a_file_that_several_import_is_there_once() -> None:
    left = 'import { one } from "./other.js";\nexport const left = one;\n'
    both = 'import { left } from "./left.js";\n' + MAIN

    assert bundled(main=both, left=left, other=OTHER).count("const one = 1;") == 1


def test_words_in_comments_are_free() -> None:
    main = f"/**\n * import nothing: all is here.\n */\n// export it\n{MAIN}"

    assert bundled(main=main, other=OTHER) == bundled(main=MAIN, other=OTHER)


def test_names_to_import_may_fill_several_lines() -> None:
    main = MAIN.replace("{ one }", "{\n  one,\n}")

    assert bundled(main=main, other=OTHER) == bundled(main=MAIN, other=OTHER)


@pytest.mark.parametrize(
    "line",
    [
        "import { one } from './other.js';",
        'import { one } from "./other.js"',
        'import { one as uno } from "./other.js";',
        'import one from "./other.js";',
        'import * as other from "./other.js";',
        'import "./other.js";',
        'import { one } from "other";',
        'const { one } = await import("./other.js");',
        'const a = 1; import { one } from "./other.js";',
        "console.log(import.meta.url);",
        '/* here */ import { one } from "./other.js";',
        "export default 1;",
        "export { one };",
        'export { one } from "./other.js";',
        'export * from "./other.js";',
        "export let one = 1;",
        "export const [one] = [1];",
        "export function* one() {}",
        "  export const one = 1;",
    ],
)
def test_another_spelling_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match=r"^main\.js:3: must begin a line, as `import \{ a, b \}"):
        bundled(main=f"// Two lines\nconst before = 0;\n{line}\n", other=OTHER)


def test_another_spelling_is_refused_in_an_imported_file() -> None:
    with pytest.raises(ValueError, match=r"^other\.js:4: must begin .* got 'export default one;'$"):
        bundled(main=MAIN, other=f"{OTHER}export default one;\n")


def test_a_name_that_is_not_exported_is_refused_with_its_line() -> None:
    main = f'import {{ one }} from "./other.js";\n{MAIN.replace("one }", "one, none, nil }")}'

    with pytest.raises(ValueError, match=r"^main\.js:2: other\.js exports no nil, none$"):
        bundled(main=main, other=OTHER)


@pytest.mark.parametrize(
    ("other", "third", "circle"),
    [
        ('import { two } from "./main.js";', "", r"other\.js:1: .* main\.js imports other\.js imp"),
        ('import { one } from "./other.js";', "", r"other\.js:1: .* other\.js imports other\.js$"),
        (
            'import { three } from "./third.js";',
            'import { one } from "./other.js";\nexport const three = 3;\n',
            r"third\.js:1: .* got other\.js imports third\.js imports other\.js$",
        ),
    ],
)
def test_an_import_circle_is_refused_with_its_line(other: str, third: str, circle: str) -> None:
    with pytest.raises(ValueError, match=f"^{circle}"):
        bundled(main=MAIN, other=f"{other}\n{OTHER}", third=third)


def test_what_nobody_needs_is_left_out() -> None:
    other = (
        'import { three, four } from "./third.js";\nconst LIMITS = {\n  most: 3,\n};\n\n'
        "export const one = () => LIMITS.most;\n\nexport function unused() {\n  return three;\n}\n"
    )
    third = "export const three = 3;\nexport const four = 4;\n"

    module = bundled(main=MAIN, other=other, third=third)

    assert "const LIMITS = {\nmost: 3,\n};\n" in module
    assert "unused" not in module
    assert "$third" not in module
    assert imported("main.js", {"main.js": MAIN, "other.js": OTHER}.__getitem__) == ["other.js"]


def test_what_is_used_by_what_is_needed_comes_along(chromium: Any) -> None:
    """Through classes, in whatever order, and what acts by itself."""
    other = (
        "class Once {\n  value() {\n    return LIST[0] + more;\n  }\n}\n\n"
        "class Twice extends Once {}\n\nconst [more, less] = [1, 2];\n"
        "const LIST = [];\nLIST.push(20);\nexport const one = new Twice().value();\n"
    )

    module = bundled(main=MAIN, other=other) + "export { two };"

    assert run(chromium, module) == {"two": 42}


def test_a_text_of_several_lines_is_refused_with_its_line() -> None:
    """It would lose its indentation. What runs inside of a text may fill several."""
    with pytest.raises(ValueError, match=r"^main\.js:4: a text must end where its line does"):
        bundled(main=f"{MAIN}const text = `one\n  two`;\n", other=OTHER)

    code = "const text = `one ${\n  two\n}`;\n"
    assert "const text = `one ${\ntwo\n}`;\n" in bundled(main=MAIN + code, other=OTHER)
