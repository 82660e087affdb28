"""Public names explain each argument and field, in the form that tools read, and each error."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator

import pytest
import vllm_prm
from vllm_prm import families, forward, text

import prm_app

MODULES = (prm_app, vllm_prm, families, text, forward)


def public() -> Iterator[tuple[str, type | Callable]]:
    """The names of the modules, and the methods and properties of their classes."""
    for module in MODULES:
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            if name.startswith("_") or not getattr(value, "__module__", "").startswith(
                ("prm_app", "vllm_prm")
            ):
                continue
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{module.__name__}.{name}", value
            if inspect.isclass(value):
                for member in vars(value):
                    attribute = getattr(value, member)
                    if not member.startswith("_") and (
                        inspect.isroutine(attribute) or isinstance(attribute, property)
                    ):
                        yield f"{module.__name__}.{name}.{member}", attribute


PUBLIC = dict(public())


def explained(doc: str) -> set[str]:
    """What a docstring explains in a line of its own."""
    return set(re.findall(r"(?m)^ +(\w+)(?: \(.*\))?: ", doc))


def to_explain(value: type | Callable | property) -> set[str]:
    if isinstance(value, property) or (inspect.isclass(value) and issubclass(value, Exception)):
        return set()
    if dataclasses.is_dataclass(value):
        return {field.name for field in dataclasses.fields(value)}
    if inspect.isclass(value) and "__init__" not in vars(value):
        return set()
    return set(inspect.signature(value).parameters) - {"self", "cls"}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_and_field_is_explained(name):
    doc = inspect.getdoc(PUBLIC[name]) or ""
    assert doc.split("\n")[0].endswith((".", ":")), repr(doc)
    assert to_explain(PUBLIC[name]) <= explained(doc)
    assert not re.search(r"\b[Rr]aises (an? )?\w+Error", doc), "errors stand under Raises:"
