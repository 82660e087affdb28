"""Which servers score, which model they serve, and how long they may take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prm_app.api_client import Api, base_url
from prm_app.errors import InputError


@dataclass(frozen=True, slots=True)
class Servers:
    """Running vLLM servers.

    Args:
        urls: Their addresses, each with or without `/v1` and `http://`.
        model: The name they give the model, its catalogue key or its checkpoint; None if they serve
            a single one.
        api_key: Sent with each request; None sends none.
        timeout: Seconds that a server may take for one answer.
        patience: Seconds for which a request that fails is repeated; it is tried at least twice.
        tokenizer: Hub name or folder of config and tokenizer, for a server without the vllm-prm
            plugin whose checkpoint this machine cannot read; None takes the checkpoint's.

        family: The family that the model is read as, for a server without the plugin whose model is
            not in the catalogue and does not show its family; None takes what those say.
        family_options: Values for options of that family.

    Raises:
        InputError: No server is named, or something that is no address.
    """

    urls: Sequence[str]
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 300.0
    patience: float = 60.0
    tokenizer: str | None = None
    family: str | None = None
    family_options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.urls:
            raise InputError("No server is named: give its address.", settings=["url"])
        for url in self.urls:
            base_url(url)

    def apis(self) -> list[Api]:
        """A client for each server."""
        return [Api(url, self.api_key, self.timeout) for url in self.urls]
