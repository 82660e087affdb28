"""The model architectures that vLLM knows in this environment, its plugins' included."""

from collections.abc import Collection

from prm_app.errors import NoEngineError


def known_architectures() -> Collection[str]:
    """Their names; raises NoEngineError without vLLM."""
    try:
        from vllm import ModelRegistry
        from vllm.plugins import load_general_plugins
    except ImportError as error:
        raise NoEngineError from error
    load_general_plugins()
    return ModelRegistry.get_supported_archs()
