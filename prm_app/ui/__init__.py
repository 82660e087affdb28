"""The page: one file a tab; the only place that imports gradio and plotly."""

import os
from functools import partial
from typing import Any

from prm_app.proxies import mended

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.update(mended()[0])  # Gradio has an HTTP client once it is imported

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from prm_app.api.door import DOOR
from prm_app.api.gate import Check, PasswordGate
from prm_app.api.limits import MOST_BYTES
from prm_app.api.tools import mcp_server, over_http
from prm_app.api.web_api import http_api
from prm_app.errors import PrmError
from prm_app.scoring import Models
from prm_app.ui import browse_tab, rank_tab, score_tab
from prm_app.ui.api import publish
from prm_app.ui.ending import until_ended
from prm_app.ui.gate import BoundedRequests, Page, refusal
from prm_app.ui.header import Header, about_model, header
from prm_app.ui.listeners import QUIET, Values
from prm_app.ui.policy import OfferedModels, Policy, password_check
from prm_app.ui.rank_parts import RankTab
from prm_app.ui.score_tab import ScoreTab
from prm_app.ui.theme import HEAD, ROUTES, Theme

__all__ = ["build", "launch"]

EVENTS = 1024
"""Of the page that are answered side by side, or wait for their turn at the door."""
SESSIONS = 512
"""Visits whose state is kept, those used last: each takes 200 KB and what it has scored."""

DRAFT = """async (...values) => {
  while (!window.prmDraft) await new Promise((again) => setTimeout(again, 20));
  return prmDraft.%s(...values);
}"""
"""Calls a function of `static/visit.js`, which may arrive after the page's first event."""
RESTORE, KEEP = DRAFT % "restore", DRAFT % "keep"


def on_offer(models: Models, policy: Policy) -> Models:
    """Of some models those that visitors may use."""
    if policy.offer is None or isinstance(models, OfferedModels):
        return models
    return OfferedModels(models, policy.offer)


def build(models: Models, policy: Policy, advice: str = "") -> gr.Blocks:
    """The page in front of these models; start it with `launch`, which tells of the arguments."""
    models = on_offer(models, policy)
    page = Page(title="prm-app", analytics_enabled=False, fill_width=True)
    with page:
        publish(models)
        head = header(models, any_name=policy.offer is None, advice=advice)
        with gr.Tabs(elem_classes="tabs") as tabs:
            with gr.Tab("Score", id="score"):
                scoring = score_tab.build(models, head)
            with gr.Tab("Best-of-N", id="rank") as rank_page:
                ranking = rank_tab.build(models, head, policy)
            with gr.Tab("Browse", id="browse"):
                browse_tab.build(models, head)
        # A link holds the first ones, in the order that static/visit.js reads.
        links = [
            scoring.problem,
            scoring.text,
            scoring.split.how,
            scoring.split.delimiter,
            head.model,
            head.threshold,
            scoring.second,
        ]
        drafts = [
            *links,
            ranking.inputs.problem,
            ranking.inputs.cards,
            ranking.second,
            ranking.reference,
        ]
        _keep_drafts(drafts)
        restoring = page.load(
            partial(_restored, models, head, [scoring.second, ranking.second], drafts),
            drafts,
            [*drafts, head.subject, head.about],
            js=RESTORE,
            preprocess=False,  # A choice that is not offered would be refused before it is seen.
            api_visibility="private",
            show_progress="hidden",
        )
        score_tab.answer_on(scoring, models, restoring.then)
        opening = ranking.opening.click(
            partial(_open_in_score, ranking, scoring, tabs),
            {
                ranking.ranking,
                ranking.question,
                ranking.selection,
                ranking.how,
                *scoring.undo.inputs,
            },
            [tabs, scoring.split.how, scoring.split.delimiter, *scoring.undo.outputs],
            **QUIET,
        )
        score_tab.answer_on(scoring, models, opening.success)
        rank_tab.answer_on(ranking, models, rank_page.select, only_first=True)
    page.queue(max_size=EVENTS)
    return page


def _restored(
    models: Models, head: Header, seconds: list[Any], drafts: list[Any], *values: Any
) -> Values:
    """What a visitor had, with the model that it is of: so its threshold is not the model's own.

    A model that is not on offer here gives way to the page's own, a second one to none.
    """
    offer = {prm.key for prm in models.models()}
    had: Values = dict(zip(drafts, values, strict=True))
    try:
        prm = models.find(had[head.model] or "")
    except PrmError:
        prm = models.default
        had |= {head.model: prm.key, head.threshold: prm.threshold}
    had |= {second: "" for second in seconds if had[second] not in offer}
    return had | {head.subject: prm, head.about: about_model(prm)}


def _open_in_score(ranking: RankTab, scoring: ScoreTab, tabs: gr.Tabs, values: Values) -> Values:
    """The solution that a ranking shows, in the fields of the tab "Score", divided as there."""
    solution = rank_tab.solution(ranking, values)
    if solution is None:
        raise refusal("There is no solution to open: none is ranked.")
    question, text = solution
    return {
        tabs: gr.Tabs(selected="score"),
        scoring.split.how: question.split,
        scoring.split.delimiter: question.delimiter,
        **scoring.undo.fill(values, [question.problem, text]),
    }


def _keep_drafts(fields: list[Any]) -> None:
    """Keeps what stands in the fields in the visitor's browser, whenever one changes."""
    changes = [field.change for field in fields]
    gr.on(changes, None, fields, None, js=KEEP, show_progress="hidden", api_visibility="private")


def launch(
    models: Models,
    policy: Policy,
    *,
    server_name: str = "127.0.0.1",
    server_port: int | None = 7860,
    auth: tuple[str, str] | None = None,
    mcp: bool = False,
    advice: str = "",
    parent: int | None = None,
) -> None:
    """Opens the page; returns when it is closed.

    Args:
        models: The models behind it.
        policy: What its visitors may do.
        server_name: The address to listen on.
        server_port: The port to listen on; None takes one that is free.
        auth: The name and the password that it asks for.
        mcp: Whether its functions are tools for agents too, at `/mcp`.
        advice: A line at its head for who has installed it.
        parent: The process with which the page ends; None takes the one that started it.

    Raises:
        InputError: They are to be tools, and the package for that is not installed.
    """
    os.environ.update(mended(server_name)[0])  # it asks itself whether it is there
    models.open()  # the page is there while its first model loads
    models = on_offer(models, policy)
    page = build(models, policy, advice)
    check = password_check(*auth) if auth else None
    page.launch(
        server_name=server_name,
        server_port=server_port,
        auth=check,
        mcp_server=False,
        prevent_thread_lock=True,
        theme=Theme(),
        head=HEAD,
        app_kwargs=_beside_the_page(models, check, server_name if mcp else None),
        share=False,
        run_history=False,
        max_file_size=MOST_BYTES,
        state_session_capacity=SESSIONS,
        max_threads=EVENTS,
        footer_links=["api", "settings"],
        enable_monitoring=False,
        ssr_mode=False,
        quiet=True,
    )
    print(f"The page is on {page.local_url}", flush=True)
    until_ended(page, os.getppid() if parent is None else parent)


def _beside_the_page(models: Models, check: Check | None, mcp_host: str | None) -> dict[str, Any]:
    """What Gradio's application serves besides the page: its files, the HTTP API, MCP."""
    routes: list[BaseRoute] = [*ROUTES, Mount("/api", http_api(models, DOOR, check))]
    beside: dict[str, Any] = {"routes": routes, "middleware": [Middleware(BoundedRequests)]}
    if mcp_host is not None:
        tools, running = over_http(mcp_server(models, DOOR), mcp_host)
        routes.append(Route("/mcp", PasswordGate(tools, check) if check else tools))
        beside["lifespan"] = lambda app: running
    return beside
