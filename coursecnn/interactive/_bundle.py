"""Several scripts as one: inline modules cannot import one another.

The scripts import and export in the few ways that are read here; everything else is refused, with
the file and the line, because a browser would say it later and less clearly.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Whole lines of comments: their words are free, and no page needs them.
COMMENT = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)\n", re.MULTILINE)
NAMES = r"\s*\w+(?:,\s*\w+)*,?\s*"
IMPORT = re.compile(rf'^import \{{({NAMES})\}} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+))", re.MULTILINE)
LEFT_OVER = re.compile(r"\b(?:import|export)\b[^\n]*")


def bundle(script: str, read: Callable[[str], str]) -> str:
    r"""A script with what it imports put before it, each file once and in a scope of its own.

    Files cannot clash: of one that is imported only what it exports comes out, as the properties
    of one constant.

    Args:
        script: The name of a file.
        read: Gives the text of a file by its name.

    Returns:
        One module without imports, exports and lines of comments. What the script itself defines
        is on its top level.

    Raises:
        ValueError: A file imports or exports in another spelling, imports what is not exported, or
            imports itself by way of others.

    Examples:
        >>> files = {
        ...     "twice.js": 'import { two } from "./numbers.js";\nconst four = 2 * two;\n',
        ...     "numbers.js": "export const two = 2;\n",
        ... }
        >>> print(bundle("twice.js", files.__getitem__), end="")
        const $numbers = (() => {
        const two = 2;
        return { two };
        })();
        const { two } = $numbers;
        const four = 2 * two;
    """
    scopes: dict[str, str] = {}
    source = _script(script, read, scopes, importers=())
    return "".join([*scopes.values(), EXPORT.sub("", source)])


def imported(script: str, read: Callable[[str], str]) -> list[str]:
    r"""The files that a script needs, in the order in which `bundle` puts them, without itself.

    Raises:
        ValueError: as `bundle` does.

    Examples:
        >>> files = {"a.js": 'import { b } from "./b.js";\n', "b.js": "export const b = 1;\n"}
        >>> imported("a.js", files.__getitem__)
        ['b.js']
    """
    scopes: dict[str, str] = {}
    _script(script, read, scopes, importers=())
    return [f"{name}.js" for name in scopes]


def _script(
    script: str, read: Callable[[str], str], scopes: dict[str, str], importers: tuple[str, ...]
) -> str:
    """A script whose imports have become constants; what they stand for is added to `scopes`."""
    source, path = read(script), (*importers, script)
    _refuse_other_spellings(script, source)
    for found in IMPORT.finditer(source):
        names, imported = _names(found[1]), found[2]
        at = f"{script}:{_line(source, found.start())}"
        _refuse_circle(at, path, f"{imported}.js")
        if imported not in scopes:
            _add_scope(imported, read, scopes, path)
        if missing := set(names) - set(EXPORT.findall(read(f"{imported}.js"))):
            raise ValueError(f"{at}: {imported}.js exports no {', '.join(sorted(missing))}")
    return IMPORT.sub(_as_constants, COMMENT.sub("", source))


def _as_constants(found: re.Match[str]) -> str:
    return f"const {{ {', '.join(_names(found[1]))} }} = ${found[2]};\n"


def _add_scope(
    name: str, read: Callable[[str], str], scopes: dict[str, str], importers: tuple[str, ...]
) -> None:
    source = _script(f"{name}.js", read, scopes, importers)
    exported = ", ".join(EXPORT.findall(source))
    scopes[name] = (
        f"const ${name} = (() => {{\n{EXPORT.sub('', source)}return {{ {exported} }};\n}})();\n"
    )


def _refuse_other_spellings(script: str, source: str) -> None:
    """Blank out what is known, keep the lines, and see whether a keyword is left."""
    for known in (COMMENT, IMPORT, EXPORT):
        source = known.sub(lambda found: "\n" * found[0].count("\n"), source)
    if found := LEFT_OVER.search(source):
        raise ValueError(
            f"{script}:{_line(source, found.start())}: must begin a line, as `import {{ a, b }}"
            ' from "./file.js";` or as `export` before a function, a class or a const; got'
            f" {found[0]!r}"
        )


def _refuse_circle(at: str, path: tuple[str, ...], imported: str) -> None:
    if imported in path:
        circle = " imports ".join([*path[path.index(imported) :], imported])
        raise ValueError(f"{at}: the imports must have no circle, got {circle}")


def _names(listed: str) -> list[str]:
    return re.findall(r"\w+", listed)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
