"""Several scripts as one: inline modules cannot import one another.

Of a file that is imported only what is needed comes along: what is asked for, and what that uses.

The scripts import and export in the few ways that are read here; everything else is refused, with
the file and the line, because a browser would say it later and less clearly.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

# Whole lines of comments: their words are free, and no page needs them.
COMMENT = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)\n", re.MULTILINE)
NAMES = r"\s*\w+(?:,\s*\w+)*,?\s*"
IMPORT = re.compile(rf'^import \{{({NAMES})\}} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+))", re.MULTILINE)
# What stands on the top level begins a line, and the lines that close it begin with a bracket.
STATEMENT = re.compile(r"^[^\s}\])][^\n]*\n(?:(?:[ \t}\])][^\n]*)?\n)*", re.MULTILINE)
DECLARED = re.compile(
    r"(?:export )?(?:(?:async )?function|class|const|let) (?:(\w+)|[{\[]([^}\]]*)[}\]])"
)
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
LEFT_OVER = re.compile(r"\b(?:import|export)\b[^\n]*")


def bundle(script: str, read: Callable[[str], str]) -> str:
    r"""A script with what it imports put before it, each file once and in a scope of its own.

    Files cannot clash: of one that is imported only what others import comes out, as the properties
    of one constant. What nobody needs is left out: a page is lighter without it.

    Args:
        script: The name of a file.
        read: Gives the text of a file by its name.

    Returns:
        One module without imports, exports, lines of comments and indentation. What the script
        itself defines is on its top level.

    Raises:
        ValueError: A file imports or exports in another spelling, imports what is not exported,
            imports itself by way of others, or holds a text of several lines.

    Examples:
        >>> files = {
        ...     "twice.js": 'import { two } from "./numbers.js";\nconst four = 2 * two;\n',
        ...     "numbers.js": "export const two = 2;\nexport const three = 3;\n",
        ... }
        >>> print(bundle("twice.js", files.__getitem__), end="")
        const $numbers = (() => {
        const two = 2;
        return { two };
        })();
        const { two } = $numbers;
        const four = 2 * two;
    """
    needed = _needed(script, read)
    main, _ = needed.pop(script)
    scopes = [
        f"const ${name.removesuffix('.js')} = (() => {{\n{_plain(source)}"
        f"return {{ {', '.join(names)} }};\n}})();\n"
        for name, (source, names) in reversed(needed.items())
    ]
    return INDENTATION.sub("", "".join([*scopes, _plain(main)]))


def imported(script: str, read: Callable[[str], str]) -> list[str]:
    r"""The files that a script needs, in the order in which `bundle` puts them, without itself.

    Raises:
        ValueError: as `bundle` does.

    Examples:
        >>> files = {"a.js": 'import { b } from "./b.js";\n', "b.js": "export const b = 1;\n"}
        >>> imported("a.js", files.__getitem__)
        ['b.js']
    """
    return [name for name in reversed(_needed(script, read)) if name != script]


def _needed(script: str, read: Callable[[str], str]) -> dict[str, tuple[str, list[str]]]:
    """What is needed of each file and the names asked for, a file before those that it imports."""
    sources: dict[str, str] = {}
    _collect(script, read, sources, importers=())
    wanted: dict[str, set[str]] = {name: set() for name in sources}
    needed = {}
    for name in reversed(sources):
        if name == script:
            source = sources[name]
        elif wanted[name]:
            source = _used(sources[name], wanted[name])
        else:
            continue
        names = [export for export in EXPORT.findall(source) if export in wanted[name]]
        needed[name] = (source, names)
        for found in IMPORT.finditer(source):
            wanted[f"{found[2]}.js"] |= set(_names(found[1]))
    return needed


def _collect(
    script: str, read: Callable[[str], str], sources: dict[str, str], importers: tuple[str, ...]
) -> None:
    """Add a script, without lines of comments, after all that it imports, once each is checked."""
    source, path = read(script), (*importers, script)
    _refuse_other_spellings(script, source)
    _refuse_long_texts(script, source)
    for found in IMPORT.finditer(source):
        names, other = _names(found[1]), f"{found[2]}.js"
        at = f"{script}:{_line(source, found.start())}"
        _refuse_circle(at, path, other)
        if other not in sources:
            _collect(other, read, sources, path)
        if missing := set(names) - set(EXPORT.findall(read(other))):
            raise ValueError(f"{at}: {other} exports no {', '.join(sorted(missing))}")
    sources[script] = COMMENT.sub("", source)


def _used(source: str, wanted: set[str]) -> str:
    """The statements of a file that declare what is wanted, what they use, and what acts alone."""
    imports = IMPORT.findall(source)
    statements = STATEMENT.findall(IMPORT.sub("", source))
    known, kept = set(wanted), [False] * len(statements)
    more = True
    while more:
        more = False
        for index, statement in enumerate(statements):
            declared = _declared(statement)
            if not kept[index] and (not declared or declared & known):
                known |= set(re.findall(r"[\w$]+", statement))
                kept[index] = more = True
    parts = [
        f'import {{ {", ".join(names)} }} from "./{name}.js";\n'
        for listed, name in imports
        if (names := [one for one in _names(listed) if one in known])
    ]
    return "".join([*parts, *itertools.compress(statements, kept)])


def _declared(statement: str) -> set[str]:
    """The names that a statement declares."""
    found = DECLARED.match(statement)
    return set(re.findall(r"\w+", found[1] or found[2])) if found else set()


def _plain(source: str) -> str:
    """A script whose imports have become constants, and whose exports are no longer marked."""
    return EXPORT.sub("", IMPORT.sub(_as_constants, source))


def _as_constants(found: re.Match[str]) -> str:
    return f"const {{ {', '.join(_names(found[1]))} }} = ${found[2]};\n"


def _refuse_other_spellings(script: str, source: str) -> None:
    """Blank out what is known, keep the lines, and see whether a keyword is left."""
    for known in (COMMENT, IMPORT, EXPORT):
        source = known.sub(_lines_alone, source)
    if found := LEFT_OVER.search(source):
        raise ValueError(
            f"{script}:{_line(source, found.start())}: must begin a line, as `import {{ a, b }}"
            ' from "./file.js";` or as `export` before a function, a class or a const; got'
            f" {found[0]!r}"
        )


def _refuse_long_texts(script: str, source: str) -> None:
    """Without its indentation, a text of several lines would be another; code in one would not."""
    for number, line in enumerate(COMMENT.sub(_lines_alone, source).splitlines(), 1):
        is_code = line.endswith("${") or line.lstrip().startswith("}")
        if line.count("`") % 2 and not is_code:
            raise ValueError(
                f"{script}:{number}: a text must end where its line does, got {line!r}"
            )


def _lines_alone(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _refuse_circle(at: str, path: tuple[str, ...], imported: str) -> None:
    if imported in path:
        circle = " imports ".join([*path[path.index(imported) :], imported])
        raise ValueError(f"{at}: the imports must have no circle, got {circle}")


def _names(listed: str) -> list[str]:
    return re.findall(r"\w+", listed)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
