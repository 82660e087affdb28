"""The options that set what an error speaks of: the library's errors name settings, not options."""

from prm_app.errors import GeneratorError, PrmError

_SERVERS = {
    "url": "--base-url",
    "api_key": "--api-key (or VLLM_API_KEY)",
    "tokenizer": "--remote-tokenizer",
}
_GENERATOR = {
    "url": "--generator-url",
    "model": "--generator-model",
    "api_key": "--generator-api-key",
    "max_tokens": "--generator-max-tokens",
}


def with_options(error: PrmError) -> str:
    """The error's message, and the options to set; vLLM's engine arguments are options by name."""
    special = _GENERATOR if isinstance(error, GeneratorError) else _SERVERS
    options = [special.get(name, "--" + name.replace("_", "-")) for name in error.settings]
    if not options:
        return str(error)
    return f"{error} {'Option' if len(options) == 1 else 'Options'}: {', '.join(options)}."
