"""What made the demo PRM, large and small.

The small one, from scratch, tokenizer included. Read it in this order: `worked` (a worked solution
as a program), `parse`, `stories`, `held_out_stories` and `sources` (where problems come from),
`augment` and `styles` (one right solution, many), `corruption` (wrong ones, with labels),
`tree_rows` (training rows), `model`, `objective`, `optimizer`, `train`, `calibrate`, `export`,
`eval_sets`, `evaluate`.

The large one, low-rank changes of SmolLM2: `prose`, `redraw` and `prose_changes` (a language
model's text: its numbers drawn anew, a mistake put in), `chat` (how it is laid out), `real` (the
data sets, what may be trained on, labels), `mixture` and `strands` (training rows), `tokens`,
`adapted` (the model), `losses`, `tune`, `packed`; then `judging`, `scoring`, `judge` and `figures`
(how good it is), `hidden` and `fit_odds` (calibration), `ship`. `runs/` keeps all figures.
"""
