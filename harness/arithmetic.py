r"""Calculations in prose, evaluated: `$(32 - 5)/1 + 1 = 28$` holds, `3 × 5 = 16` does not.

>>> [fault for _, _, fault in equations(r"so $\frac{12}{4} + 1 = 4$, and 3 × 5 = 16.")]
['', '3 × 5 is 15, not 16']
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

RELATION = r"\\approx|\\simeq|=|≈"
# What a side of an equation is made of: digits, and what may be written between them.
SIDE = (
    r"(?:&|\\\\\n?|[\d.()\[\]{}+\-−×·*/^%]|[⁰¹²³⁴-⁹]|,(?=\d{3})|[ \t](?!\s)"
    r"|\\(?:times|cdot|frac|left|right|lfloor|rfloor|lceil|rceil|sqrt|max|,|;|%)|\bmax\b"
    r"|(?<=[\d(]),[ ](?=[\d-]))"
)
# Nothing is given back, so a damaged text of any length is read in one go.
CHAIN = re.compile(rf"(?:{SIDE}|{RELATION})++")
BETWEEN = re.compile(rf"(?:{RELATION}|^)(?P<side>(?s:(?!{RELATION}).)+)")
LONGEST_SIDE = 300
LATEX = (
    (r"&|\\\\\n?|\{,\}|\\[,;]|\\left|\\right|(?<=\d),(?=\d{3})|(?<=\d)[ ](?=\d{3}(?!\d))", ""),
    (r"\\times|\\cdot|×|·", "*"),
    (r"−", "-"),
    (r"(?<![\d.])0+(?=\d)", ""),
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    (r"\\frac(\d)(\d)", r"(\1/\2)"),
    (r"\\lfloor", "floor("),
    (r"\\lceil", "ceil("),
    (r"\\rfloor|\\rceil", ")"),
    (r"\\sqrt", "sqrt"),
    (r"\\max", "max"),
    (r"\\?%", "/100"),
    (r"\^", "**"),
    (r"[\[{]", "("),
    (r"[\]}]", ")"),
)
CUT = re.compile(r"(?:[\w})]|(?:[-+*/×·−]|\\\w+)\s*)\Z")
PLAIN = re.compile(r"-?\d+(?:\.(\d+))?")
SUPERSCRIPT = re.compile(r"[⁰¹²³⁴-⁹]+")
OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
LARGEST_BASE, LARGEST_POWER = 1e9, 64


def evaluate(expression: str) -> float:
    """The value of an expression of numbers, the four operations, powers and `FUNCTIONS`.

    Raises:
        ValueError: if it is anything else.
    """
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ArithmeticError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"{expression!r} cannot be evaluated: {error}") from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            pair = _value(left), _value(right)
            if isinstance(op, ast.Pow) and (
                abs(pair[0]) > LARGEST_BASE or abs(pair[1]) > LARGEST_POWER
            ):
                raise ValueError(f"{pair[0]:g} to the power of {pair[1]:g} is too large")
            return OPERATORS[type(op)](*pair)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(operand))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*map(_value, args))
    raise ValueError(f"numbers, + - * / // ** and {', '.join(FUNCTIONS)}: {ast.unparse(node)!r}")


def equations(text: str) -> Iterator[tuple[int, int, str]]:
    """The calculations of a text: where each begins and ends, and what is wrong with it."""
    for match in CHAIN.finditer(text):
        if not re.search(RELATION, match[0]):
            continue
        sides: list[tuple[int, int, str, float]] = []
        for side in BETWEEN.finditer(match[0]):
            start = match.start() + side.start("side")
            found = _side(side["side"])
            if found and (sides or not _is_cut(text, start + found[0], found[1])):
                before, shown, value = found
                sides.append((start + before, start + before + len(shown), shown, value))
            elif len(sides) < 2:
                sides.clear()
            else:
                break
        if len(sides) > 1 and any(set(shown) & set("+*/^()×·\\") for _, _, shown, _ in sides):
            yield sides[0][0], sides[-1][1], _fault(sides)


def _is_cut(text: str, start: int, shown: str) -> bool:
    """Whether the first side is only the end of a longer one, as in `p_0 = 2` or `a + 1 = 3`."""
    before = text[max(start - LONGEST_SIDE, 0) : start]
    is_signed = shown[0] in "-−" and before.rstrip()[-1:] in {*"})_"}
    return shown[0] == "+" or is_signed or CUT.search(before) is not None


def _side(text: str) -> tuple[int, str, float] | None:
    """The calculation of a side, with what stands before it, or nothing."""
    if len(text) > LONGEST_SIDE:
        return None
    stripped = text.strip().rstrip(".,").strip()
    for candidate in (stripped, stripped.lstrip("().-− "), stripped.rstrip(").")):
        if re.search(r"\d", candidate):
            try:
                return text.index(candidate), candidate, float(evaluate(_python(candidate)))
            except (ValueError, OverflowError) as error:
                if isinstance(error.__cause__, ZeroDivisionError):
                    return text.index(candidate), candidate, math.nan
    return None


def _python(text: str) -> str:
    for pattern, replacement in LATEX:
        text = re.sub(pattern, replacement, text)
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return SUPERSCRIPT.sub(lambda match: f"**{match[0].translate(digits)}", text)


def _fault(sides: list[tuple[int, int, str, float]]) -> str:
    """Neighbouring sides are equal, as precisely as a number that stands alone is written."""
    for (_, _, left, one), (_, _, right, other) in pairwise(sides):
        steps = [_step(side) for side in (left, right)]
        tolerance = max(1e-9 * abs(one), *(step / 2 for step in steps))
        if not abs(one - other) <= tolerance * (1 + 1e-9):  # not a number, by a division by nought
            return f"{left.strip()} is {one:.10g}, not {right.strip()}"
    return ""


def _step(side: str) -> float:
    """A unit of the last written place, if the side is a number with decimals."""
    percent = 0.01 if side.rstrip().endswith("%") else 1.0
    number = PLAIN.fullmatch(_python(side).removesuffix("/100").strip())
    return percent * 10.0 ** -len(number[1]) if number and number[1] else 0.0
