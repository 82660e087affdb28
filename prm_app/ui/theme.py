"""How the page looks: theme, style sheet, and the files served beside it.

No font, script or image comes from another machine.
"""

from inspect import signature
from pathlib import Path

import gradio as gr
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

ROUTES = [Mount("/prm", StaticFiles(directory=STATIC))]
HEAD = """
<link rel="stylesheet" href="prm/page.css">
<link rel="stylesheet" href="prm/text.css">
<link rel="stylesheet" href="prm/browse.css">
<link rel="stylesheet" href="prm/katex/katex.min.css">
<script defer src="prm/katex/katex.min.js"></script>
<script defer src="prm/page.js"></script>
<script defer src="prm/cards.js"></script>
<script defer src="prm/browse_rows.js"></script>
<script defer src="prm/browse_pictures.js"></script>
<script defer src="prm/judge.js"></script>
<script defer src="prm/browse.js"></script>
<script src="prm/visit.js"></script>
<script src="prm/language.js"></script>
"""

# Both come with Gradio and are served by it.
SANS = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
MONO = gr.themes.LocalFont("IBM Plex Mono", weights=(400, 600))
FALLBACKS = "system-ui", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "sans-serif"


_LOOK = {
    "body_background_fill": "var(--paper)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-2)",
    "background_fill_primary": "var(--surface)",
    "background_fill_secondary": "var(--paper)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--ink-2)",
    "block_background_fill": "transparent",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_label_background_fill": "transparent",
    "block_label_text_color": "var(--ink-2)",
    "block_title_text_color": "var(--ink)",
    "block_info_text_color": "var(--ink-2)",
    "panel_background_fill": "transparent",
    "input_background_fill": "var(--surface)",
    "input_background_fill_focus": "var(--surface)",
    "input_border_color": "var(--line-2)",
    "input_border_color_focus": "var(--ink)",
    "input_border_width": "1px",
    "input_placeholder_color": "var(--ink-3)",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "button_primary_background_fill": "var(--ink)",
    "button_primary_background_fill_hover": "var(--ink-strong)",
    "button_primary_text_color": "var(--surface)",
    "button_primary_border_color": "var(--ink)",
    "button_secondary_background_fill": "var(--surface)",
    "button_secondary_background_fill_hover": "var(--paper)",
    "button_secondary_text_color": "var(--ink)",
    "button_secondary_border_color": "var(--line-2)",
    "button_border_width": "1px",
    "slider_color": "var(--ink)",
    "checkbox_background_color_selected": "var(--ink)",
    "checkbox_border_color_selected": "var(--ink)",
    "checkbox_label_background_fill": "var(--surface)",
    "checkbox_label_background_fill_hover": "var(--paper)",
    "checkbox_label_background_fill_selected": "var(--surface)",
    "checkbox_label_border_color": "var(--line-2)",
    "checkbox_label_border_width": "1px",
    "checkbox_label_text_color": "var(--ink)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "loader_color": "var(--ink)",
    "link_text_color": "var(--ink)",
    "error_text_color": "var(--wrong)",
}
"""Gradio's variables, in light and dark alike: the style sheet's own change with the theme."""


class Theme(gr.themes.Base):
    """Ink on paper: the only colours are those of the rewards."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=gr.themes.colors.stone,
            secondary_hue=gr.themes.colors.stone,
            neutral_hue=gr.themes.colors.stone,
            radius_size=gr.themes.sizes.radius_md,
            text_size=gr.themes.sizes.text_md,
            font=(SANS, *FALLBACKS),
            font_mono=(MONO, "ui-monospace", "monospace"),
        )
        self.name = "prm"
        settings = signature(super().set).parameters
        dark = {f"{key}_dark": value for key, value in _LOOK.items()}
        super().set(**_LOOK, **{key: dark[key] for key in dark.keys() & settings.keys()})
