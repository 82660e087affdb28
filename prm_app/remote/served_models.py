"""The models that a server lists, and which of them a name means."""

from dataclasses import dataclass

from prm_app.api_client import Api
from prm_app.catalog import CATALOG, Prm, find_model
from prm_app.errors import ServerError


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server offers: its name there, its checkpoint there, its context in tokens."""

    name: str
    root: str
    limit: int

    @property
    def prm(self) -> Prm:
        """The catalogue's entry for it, or a new one."""
        for entry in (find_model(self.name), find_model(self.root)):
            if entry in CATALOG:
                return entry
        return Prm(key=self.name, title=self.name.rsplit("/", 1)[-1], checkpoint=self.root)

    def has_name(self, name: str) -> bool:
        return name in (self.name, self.root) or find_model(name).key == self.prm.key


async def served_by(api: Api) -> list[ServedModel]:
    """The models that a server offers; raises a PrmError if it offers none."""
    answer = await api.get("/v1/models")
    try:
        models = [
            ServedModel(each["id"], each.get("root") or each["id"], each["max_model_len"])
            for each in answer["data"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ServerError(
            f"{api.url}/v1/models does not answer as vLLM's servers do: check the address.",
            settings=["url"],
        ) from error
    if not models:
        raise ServerError(
            f"The server at {api.url} serves no model: start it with a model, as in `prm-app serve "
            "MODEL`."
        )
    return models


async def choose(api: Api, model: str | None) -> ServedModel:
    """The model of that name, or the only one, of those that a server offers.

    Raises:
        ServerError: The server does not offer it, or it offers several and none is named.
    """
    models = await served_by(api)
    names = ", ".join(each.name for each in models)
    if model is None:
        if len(models) > 1:
            raise ServerError(
                f"The server at {api.url} serves {names}: choose one of them.", settings=["model"]
            )
        return models[0]
    for each in models:
        if each.has_name(model):
            return each
    raise ServerError(
        f"The server at {api.url} serves {names}, not {model}: choose one of these, or give the "
        f"address of a server with {model} (`prm-app serve {model}` starts one).",
        settings=["model", "url"],
    )
