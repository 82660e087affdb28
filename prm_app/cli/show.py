"""Prints results for people: in colour on a terminal, as plain lines into a pipe."""

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from prm_app.cli.hints import with_options
from prm_app.errors import PrmError
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.documents import Opinion
from prm_app.solutions.marks import unsure_until
from prm_app.solutions.ranking import Ranking, RankOpinion
from prm_app.solutions.solution import ScoredSolution

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)
GOOD, DOUBTFUL, WRONG = "green", "yellow", "bold red"


def progress(title: str, total: int) -> Progress:
    """A progress bar on stderr, shown only on a terminal."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    bar.add_task(title, total=total)
    return bar


def failure(message: str) -> None:
    """A message on stderr."""
    print(f"prm-app: {message}", file=sys.stderr)


def remarks(outcomes: Sequence[ScoredSolution | PrmError | None]) -> None:
    """Remarks on stderr on texts that were scored in part, or that the model was not made for."""
    scored = [each for each in outcomes if isinstance(each, ScoredSolution)]
    if partly := sum(bool(each.unscored) for each in scored):
        failure(
            f"{scored[0].model}: of {partly} of {len(scored)} solutions only the first steps fit; "
            "the others have no reward."
        )
    outside = [each.outside for each in scored if each.outside]
    if outside and len(scored) == 1:
        failure(f"{scored[0].model}: {outside[0]}")
    elif outside:
        failure(
            f"{scored[0].model}: {len(outside)} of {len(scored)} solutions are not what the model "
            f"was made for, {outside[0].made_for}: their rewards may mean little. JSON answers say "
            "of each why, in “outside”."
        )


def heading(title: str) -> None:
    """A title above a line."""
    OUT.print(f"\n{escape(title)}", style="bold")
    OUT.print("-" * 80, style="dim")


def candidate(number: int, total: int, text: str) -> None:
    """A solution just written by the generator, on stderr."""
    console = Console(stderr=True, highlight=False)
    console.print(f"Candidate {number} of {total}", style="bold")
    console.print(Text(text), style="dim")


def print_solution(
    solution: ScoredSolution, threshold: float, second: Opinion | None = None
) -> None:
    """The steps with their rewards, beside them a second model's, and the aggregations of these."""
    whole = len(solution.steps) + len(solution.unscored)
    fitting = f", of which the first {len(solution.steps)} fit" if solution.unscored else ""
    OUT.print(f"Number of steps: {whole}{fitting}\n\nStep-wise rewards:")
    first = solution.first_error(threshold)
    differing = second.differs_at(solution, threshold) if second else []
    for i, (step, reward) in enumerate(zip(solution.steps, solution.rewards, strict=True)):
        line = Text(f"  Step {i + 1}: ")
        line.append(f"{reward:.4f}", style=_style(reward, threshold))
        if second and i < len(second.scored.rewards):
            other = second.scored.rewards[i]
            line.append(" / ").append(f"{other:.4f}", style=_style(other, second.threshold))
        line.append(f" | {' '.join(step.split())}", style="dim" if _is_later(i, first) else "")
        if i == first:
            line.append(f"  <- first error (reward under {threshold:g})", style=WRONG)
        if i in differing:
            line.append("  <- the two differ", style="bold")
        OUT.print(line)
    for i, step in enumerate(solution.unscored, len(solution.steps) + 1):
        OUT.print(
            Text(f"  Step {i}: no reward, does not fit | {' '.join(step.split())}"), style="dim"
        )
    if second:
        _comparison(solution, threshold, second)
    OUT.print(f"\nAverage reward (for Best-of-N ranking): {solution.aggregate('mean'):.4f}")
    others = ", ".join(f"{how} {solution.aggregate(how):.4f}" for how in AGGREGATIONS[1:])
    OUT.print(f"{others}; {solution.tokens} tokens, {solution.seconds:.2f} s", style="dim")


def _comparison(solution: ScoredSolution, threshold: float, second: Opinion) -> None:
    """Whose rewards stand left and right, and at how many steps the two differ."""
    differing = second.differs_at(solution, threshold)
    steps = [solution.first_error(threshold), second.first_error]
    here, there = ("none" if step is None else f"step {step + 1}" for step in steps)
    OUT.print(
        f"\nLeft {solution.model} (first error: {here}), right {second.title} (first error: "
        f"{there}, at its threshold {second.threshold:g}). They differ at {len(differing)} of "
        f"{len(solution.steps)} steps."
    )


def print_ranking(ranking: Ranking, how: Aggregation, threshold: float) -> None:
    """The ranking as a table, the winner's steps, what the votes and a second model choose."""
    heading(ranking.problem)
    second = ranking.second
    columns = ["rank", "solution", *AGGREGATIONS, "steps", "first error"]
    table = Table(*columns, *([f"{how} (2nd)"] if second else []), box=box.SIMPLE_HEAD)
    order = ranking.order(how)
    for rank, number in enumerate(order, 1):
        solution = ranking.scored[number]
        first = solution.first_error(threshold)
        other = second.ranking.scored.get(number) if second else None
        table.add_row(
            str(rank),
            str(number),
            *(f"{solution.aggregate(each):.4f}" for each in AGGREGATIONS),
            str(len(solution.steps)),
            "-" if first is None else f"step {first + 1}",
            *([f"{other.aggregate(how):.4f}" if other else "-"] if second else []),
            style=GOOD if rank == 1 else "",
        )
    OUT.print(table, soft_wrap=False)
    for number, part in ranking.partly.items():
        failure(
            f"solution {number}: only its first {len(part.steps)} of "
            f"{len(part.steps) + len(part.unscored)} steps fit the model's context, so it is not "
            "ranked; JSON answers hold their rewards."
        )
    for number, error in ranking.failures.items():
        failure(f"solution {number}: {with_options(error)}")
    if not order:
        return
    _votes(ranking, how)
    OUT.print(f"\nBest by {how}: solution {order[0]}\n", style="bold")
    if second:
        _second(ranking, second, how)
    print_solution(ranking.scored[order[0]], threshold)


def _votes(ranking: Ranking, how: Aggregation) -> None:
    votes = ranking.votes(how)
    for name, vote in votes.items():
        title = name.replace("_", " ").capitalize()
        if vote is None:
            OUT.print(f"{title}: no solution has a final answer")
        else:
            numbers = ", ".join(map(str, vote.solutions))
            answer = escape(vote.answer)
            OUT.print(f"{title}: {answer} ({vote.share:.0%} of the votes, solutions {numbers})")
    unread = {number for vote in votes.values() if vote for number in vote.unread}
    if unread:
        numbers = ", ".join(map(str, sorted(unread)))
        failure(f"the final answers of solutions {numbers} could not be compared in time.")


def _second(ranking: Ranking, second: RankOpinion, how: Aggregation) -> None:
    """What the second model says of the same solutions."""
    for number, error in second.ranking.failures.items():
        failure(f"{second.title}, solution {number}: {with_options(error)}")
    theirs, tau = second.ranking.order(how), ranking.kendall_tau(how)
    if theirs:
        agreement = "" if tau is None else f"; the orders agree with Kendall's tau {tau:.2f}"
        OUT.print(f"Second, by {second.title}: solution {theirs[0]}{agreement}\n")


def _is_later(i: int, first: int | None) -> bool:
    return first is not None and i > first


def _style(reward: float, threshold: float) -> str:
    if reward < threshold:
        return WRONG
    return DOUBTFUL if reward < unsure_until(threshold) else GOOD
