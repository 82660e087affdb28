"""The most that one visitor may ask of the page at once; held before any text is read."""

from collections.abc import Collection

from prm_app.errors import InputError
from prm_app.solutions.solution import Solution, solution
from prm_app.solutions.steps import Split

MOST_CHARACTERS = 100_000
"""Of a problem and of a solution: more than any PRM's context holds."""
MOST_IN_ALL = 4_000_000
"""Characters of all solutions of one request."""
MOST_SHOWN = 512
"""Solutions that the page shows at once."""
MOST_RANKED = 4_096
"""Solutions that one request to the API ranks."""
MOST_OPENED = 20_000
"""Solutions of a file that is browsed."""
MOST_BYTES = 20_000_000
"""Of a request's body or an uploaded file."""

ELSEWHERE = "`prm-app rank` takes any number from a file."


def solution_within(problem: str, text: str, split: Split, delimiter: str) -> Solution:
    """`solution`, unless one of the texts is longer than the page takes.

    Raises:
        InputError: A text is too long, empty or not valid, or the way to split is not known.
    """
    require_short("problem", problem)
    require_short("solution", text)
    return solution(problem, text, split, delimiter)


def require_short(name: str, text: str, most: int = MOST_CHARACTERS) -> None:
    """Raises InputError for a text of more characters than `most`."""
    if len(text) > most:
        raise InputError(
            f"The {name} is {len(text):,} characters long, and this page reads at most {most:,}: "
            "shorten it."
        )


def require_few(solutions: Collection[str], most: int) -> None:
    """Raises InputError for more solutions than `most`, or more text than a request may hold."""
    if len(solutions) > most:
        raise InputError(
            f"{len(solutions):,} solutions are more than the {most:,} that are ranked here at "
            f"once: {ELSEWHERE}"
        )
    characters = sum(map(len, solutions))
    if characters > MOST_IN_ALL:
        raise InputError(
            f"The solutions are {characters:,} characters long together, and at most "
            f"{MOST_IN_ALL:,} are ranked here at once: {ELSEWHERE}"
        )
