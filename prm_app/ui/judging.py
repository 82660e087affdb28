"""The panel for a visitor's own marks of steps; `static/judge.js` fills it, the server never."""

AGREEMENT = '<p class="agreement" role="status"></p>'
"""Where the agreement with the model is said; it stays in view while one goes through the steps."""
PANEL = """
<section class="judging" aria-label="Your judgement">
<div class="judging-head"><button type="button" data-judge="turn" aria-pressed="false">Judge these
steps yourself</button><span>Your marks stay in this browser. Nothing is sent.</span></div>
<div class="judging-body" hidden>
<p>Put the focus on a step and press <kbd>1</kbd> or <kbd>+</kbd> for right, <kbd>2</kbd> or
<kbd>0</kbd> for neutral, <kbd>3</kbd> or <kbd>-</kbd> for wrong; the same key again takes the mark
back. <kbd>↓</kbd> and <kbd>↑</kbd> move. A neutral step is no error.</p>
<p class="kept"></p>
<div class="judging-do">
<button type="button" data-judge="processbench">Export as ProcessBench</button>
<button type="button" data-judge="trl">Export for TRL</button>
<button type="button" data-judge="delete">Delete these marks</button>
<button type="button" data-judge="delete-all">Delete all marks</button>
</div></div></section>
"""
