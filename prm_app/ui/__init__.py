"""The page: one file a tab; the only place that imports gradio and plotly."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from prm_app.errors import PrmError
from prm_app.scoring import Models
from prm_app.ui.api import publish
from prm_app.ui.header import header
from prm_app.ui.policy import OfferedModels, Policy, password_check
from prm_app.ui.rank_tab import rank_tab
from prm_app.ui.score_tab import score_tab
from prm_app.ui.theme import HEAD, ROUTES, Theme

__all__ = ["build", "launch"]

WAITING_REQUESTS = 256
UPLOAD_LIMIT = "20mb"


def build(models: Models, policy: Policy) -> gr.Blocks:
    """The page in front of these models; start it with `launch`."""
    if policy.offered is not None:
        models = OfferedModels(models, policy.offered)
    with gr.Blocks(title="prm-app", analytics_enabled=False, fill_width=True) as page:
        publish(models)
        head = header(models, any_name=policy.offered is None)
        with gr.Tabs(elem_classes="tabs"):
            with gr.Tab("Score", id="score"):
                score_tab(models, head, page)
            with gr.Tab("Best-of-N", id="rank"):
                rank_tab(models, head, policy)
    return page.queue(max_size=WAITING_REQUESTS)


def launch(
    models: Models,
    policy: Policy,
    *,
    server_name: str = "127.0.0.1",
    server_port: int | None = 7860,
    auth: tuple[str, str] | None = None,
    mcp: bool = False,
) -> None:
    """Opens the page; returns when it is closed.

    Raises PrmError if its functions cannot be served as MCP tools though `mcp` asks for it.
    """
    models.open()  # the page is there while its first model loads
    page = build(models, policy)
    page.launch(
        server_name=server_name,
        server_port=server_port,
        auth=password_check(*auth) if auth else None,
        mcp_server=mcp,
        prevent_thread_lock=True,
        theme=Theme(),
        head=HEAD,
        app_kwargs={"routes": ROUTES},
        share=False,
        run_history=False,
        max_file_size=UPLOAD_LIMIT,
        footer_links=["api", "settings"],
        enable_monitoring=False,
        ssr_mode=False,
        quiet=True,
    )
    if mcp and not page.mcp_server:
        page.close(verbose=False)
        raise PrmError(
            f"The MCP tools cannot be served ({page.mcp_error}): `pip install 'gradio[mcp]'` in an "
            "environment of its own brings the versions they need; there the page scores with a "
            "running server.",
            settings=["url"],
        )
    print(f"The page is on {page.local_url}", flush=True)
    page.block_thread()
