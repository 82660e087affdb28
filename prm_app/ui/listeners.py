"""What the tabs' listeners have in common."""

SCORING = {
    "concurrency_id": "scoring",
    "concurrency_limit": 64,
    "trigger_mode": "always_last",
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""For listeners that ask the engine: side by side, so that its batches hold many users' steps.

Who asks again while an answer is on its way gets the newer one too.
"""

QUIET = {
    "concurrency_limit": None,
    "trigger_mode": "always_last",
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""For listeners that only draw: the last state of a control that moves is the one drawn."""
