"""The fields of requests and answers, with their types, ranges and meaning, for every protocol."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from prm_app.api.limits import MOST_CHARACTERS, MOST_RANKED
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.steps import Split

_TEXT: dict[str, Any] = {"maxLength": MOST_CHARACTERS}

Problem = Annotated[str, Field(description="The problem's text.", json_schema_extra=_TEXT)]
SolutionText = Annotated[
    str,
    Field(description="The solution's text; it is split into steps.", json_schema_extra=_TEXT),
]
SolutionTexts = Annotated[
    list[str],
    Field(
        description="The texts of the solutions.",
        json_schema_extra={"minItems": 1, "maxItems": MOST_RANKED},
    ),
]
ModelName = Annotated[
    str,
    Field(
        description="A key from the list of models, hub name or folder, loaded if needed; empty: "
        "the one that is there from the start."
    ),
]
SplitName = Annotated[
    Split, Field(description='What separates steps; labels are "Step 1", "Step 2", auto guesses.')
]
Delimiter = Annotated[str, Field(description="The text to split at, for split = delimiter.")]
Threshold = Annotated[
    float | None,
    Field(description="A step with a lower reward is wrong, in [0, 1]; null: the model's own."),
]
SecondModel = Annotated[
    str, Field(description="A second model, which judges at its own threshold; empty: none.")
]
Reference = Annotated[
    str, Field(description=r"The right final answer, such as 42 or 3\sqrt{2}; empty: not known.")
]
Fit = Annotated[
    bool,
    Field(
        description="Whether a solution that is too long is scored up to the steps that fit; "
        "otherwise it is refused."
    ),
]
How = Annotated[Aggregation, Field(description="How step rewards become one number.")]


class Question(BaseModel):
    """What every request may say."""

    model_config = ConfigDict(strict=True, extra="forbid")

    problem: Problem
    model: ModelName = ""
    split: SplitName = "auto"
    delimiter: Delimiter = ""
    threshold: Threshold = None
    compare_with: SecondModel = ""
    fit: Fit = False


class ScoreQuestion(Question):
    """One solution to score."""

    solution: SolutionText


class RankQuestion(Question):
    """Solutions of one problem to rank."""

    solutions: SolutionTexts
    aggregation: How = "mean"
    reference_answer: Reference = ""


class Assessment(BaseModel):
    """The rewards of a solution's steps, and what follows from them."""

    model: str = Field(description="The model's key.")
    rewards: list[float] = Field(description="One a step, in [0, 1]: it and all before are right.")
    threshold: float
    first_error: int | None = Field(
        description="The first step under the threshold, counted from 1; null if there is none."
    )
    mean: float
    min: float
    product: float
    last: float
    tokens: int = Field(description="The length of the prompt.")
    computed: int = Field(description="Those of its tokens that were not known before.")
    seconds: float
    unscored: list[str] = Field(
        [], description="The steps after those with rewards, if they did not fit the model."
    )
    outside: str | None = Field(
        None, description="Why the text is none that the model was made for, if it is told."
    )


class SecondOpinion(Assessment):
    """What a second model says of the same steps."""

    differs_at: list[int] = Field(
        description="The steps, from 1, that one of the two takes for wrong and the other does not."
    )


class ScoreAnswer(Assessment):
    """A scored solution."""

    problem: str
    steps: list[str]
    compared_with: SecondOpinion | None = None


class RankedSolution(Assessment):
    """A scored solution in its place."""

    rank: int | None = Field(description="From 1; null if some of its steps have no reward.")
    solution: int = Field(description="Its number in the request, from 1.")
    steps: list[str]
    compared_with: SecondOpinion | None = None


class FailedSolution(BaseModel):
    """A solution that could not be scored."""

    rank: None
    solution: int = Field(description="Its number in the request, from 1.")
    error: str


class Vote(BaseModel):
    """The final answer that most speaks for."""

    answer: str
    solutions: list[int] = Field(description="The numbers of those that give it.")
    share: float = Field(description="Its part of the votes, in [0, 1].")
    unread: list[int] = Field(description="Those whose answers were not read in time.")


class SecondRanking(BaseModel):
    """How a second model ranks the same solutions."""

    model: str
    best: int | None
    best_by: dict[Aggregation, int]
    order: list[int]
    kendall_tau: float | None = Field(description="How the two orders agree, in [-1, 1].")


class RankAnswer(BaseModel):
    """Solutions, best first."""

    problem: str
    aggregation: Aggregation
    best: int | None = Field(description="The best solution's number; null if none was scored.")
    best_by: dict[Aggregation, int]
    ranking: list[RankedSolution | FailedSolution]
    majority_vote: Vote | None = Field(
        None, description="The answer of most solutions; there if their answers were compared."
    )
    weighted_vote: Vote | None = Field(None, description="The same, weighted by reward.")
    right: list[int] | None = Field(
        None, description="The solutions with the reference answer, if one was given."
    )
    compared_with: SecondRanking | None = None


class Model(BaseModel):
    """A process reward model on offer."""

    key: str
    title: str
    checkpoint: str | None = Field(description="Its hub name or folder; null if it is bundled.")
    family: str | None
    family_options: dict[str, str]
    threshold: float = Field(description="The reward under which a step counts as wrong.")
    parameters: float | None
    licence: str
    note: str
    published: dict[str, float] = Field(description="First-error F1 by part of ProcessBench.")
    ready: bool = Field(description="Whether it answers at once.")
    made_for: str | None = Field(description="What it was made for, if other texts are told.")


class Models(BaseModel):
    """The process reward models on offer."""

    models: list[Model]


class Failure(BaseModel):
    """Why a request is not answered."""

    error: str = Field(description="What is wrong, where, and what to do.")
    field: str | None = Field(description="The field of the request that is wrong, if it is one.")
