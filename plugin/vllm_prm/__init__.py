"""What the plugin adds to vLLM: value-head PRMs, and a Qwen2.5-Math-PRM fit for fp8.

vLLM calls `register` at the start of every process through the `vllm.general_plugins` entry point.
"""

from functools import cache

from packaging.version import Version

ARCHITECTURES = {
    "Qwen2ForPrmModel": "vllm_prm.models.value_head:Qwen2ForPrmModel",
    "Qwen3ForPrmModel": "vllm_prm.models.value_head:Qwen3ForPrmModel",
    "LlamaForPrmModel": "vllm_prm.models.value_head:LlamaForPrmModel",
    "Qwen2ForProcessRewardModel": "vllm_prm.models.qwen:Qwen2ForProcessRewardModel",
}
SUPPORTED_VLLM = ("0.26", "0.32")
"""The oldest and the newest minor version of vLLM whose interfaces the plugin is written for."""


@cache
def register() -> None:
    """Registers the plugin's architectures with vLLM; calling it again changes nothing."""
    import vllm
    from vllm import ModelRegistry
    from vllm.logger import init_logger

    # vLLM prints only loggers below its own name.
    logger = init_logger(f"vllm.plugins.{__name__}")
    for architecture, implementation in ARCHITECTURES.items():
        ModelRegistry.register_model(architecture, implementation)
        logger.info("vllm-prm registered %s", architecture)

    release = Version(vllm.__version__)
    oldest, newest = map(Version, SUPPORTED_VLLM)
    if not oldest.release <= release.release[:2] <= newest.release:
        logger.warning(
            "vllm-prm supports vLLM %s to %s, and this is vLLM %s: compare its rewards with "
            "known ones before you trust them",
            *SUPPORTED_VLLM,
            release,
        )
