"""Which servers are asked, for which model, and how long they are waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prm_app.api_client import Api, base_url
from prm_app.errors import InputError


@dataclass(frozen=True, slots=True)
class Servers:
    """Running vLLM servers; raises InputError if none is named, or no address."""

    urls: Sequence[str]
    """Their addresses, each with or without `/v1` and `http://`."""
    model: str | None = None
    """The name they give it, its catalogue key or its checkpoint; None is the one they serve."""
    api_key: str | None = field(default=None, repr=False)
    """Sent to each of them; None sends none."""
    timeout: float = 300.0
    """Seconds that a server may take for one answer."""
    patience: float = 60.0
    """Seconds after which a request that failed is given up, once it has been tried twice."""
    tokenizer: str | None = None
    """Hub name or folder of config and tokenizer, for a server without the vllm-prm plugin and a
    checkpoint that this machine cannot read; None takes the checkpoint's."""

    family: str | None = None
    """The family that the model is read as, for a server without the plugin whose model is not in
    the catalogue and does not show its family; None takes what those say."""
    family_options: Mapping[str, str] = field(default_factory=dict)
    """Values for options of its family, as above."""

    def __post_init__(self) -> None:
        if not self.urls:
            raise InputError("There is no server to ask: give its address with --base-url.")
        for url in self.urls:
            base_url(url)

    def apis(self) -> list[Api]:
        """A connection to each."""
        return [Api(url, self.api_key, self.timeout) for url in self.urls]
