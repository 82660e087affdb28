"""What a model server offers: the models it lists, and which of them is meant."""

from dataclasses import dataclass

from prm_app.api_client import Api
from prm_app.catalog import CATALOG, Prm, find_model
from prm_app.errors import ServerError


@dataclass(frozen=True, slots=True)
class Served:
    """A model that a server offers: its name there, its checkpoint there, its context in tokens."""

    name: str
    root: str
    limit: int

    @property
    def prm(self) -> Prm:
        """The catalogue's entry of it, or a new one."""
        for known in (find_model(self.name), find_model(self.root)):
            if known in CATALOG:
                return known
        return Prm(key=self.name, title=self.name.rsplit("/", 1)[-1], checkpoint=self.root)

    def is_called(self, name: str) -> bool:
        return name in (self.name, self.root) or find_model(name).key == self.prm.key


async def served_by(api: Api) -> list[Served]:
    """The models that a server offers; raises a PrmError where it offers none."""
    answer = await api.get("/v1/models")
    try:
        served = [
            Served(each["id"], each.get("root") or each["id"], each["max_model_len"])
            for each in answer["data"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ServerError(
            f"{api.url}/v1/models does not answer as a vLLM server's: check --base-url."
        ) from error
    if not served:
        raise ServerError(f"The server at {api.url} serves no model.")
    return served


async def choose(api: Api, model: str | None) -> Served:
    """The one meant of the models that a server offers; raises a PrmError where none is."""
    offered = await served_by(api)
    names = ", ".join(each.name for each in offered)
    if model is None:
        if len(offered) > 1:
            raise ServerError(f"The server at {api.url} serves {names}: choose one with --model.")
        return offered[0]
    for served in offered:
        if served.is_called(model):
            return served
    raise ServerError(
        f"The server at {api.url} serves {names}, not {model}: name one of these with --model, or "
        f"the address of a server of {model} with --base-url (`prm-app serve {model}` starts one)."
    )
