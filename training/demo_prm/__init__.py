"""What made the demo PRM, tokenizer included.

Read it in this order: `worked` (a worked solution as a program), `parse`, `stories`,
`held_out_stories` and `sources` (where problems come from), `augment` and `styles` (one right
solution, many), `corruption` (wrong ones, with labels), `tree_rows` (training rows), `model`,
`objective`, `optimizer`, `train`, `calibrate`, `export`, `eval_sets`, `evaluate`.
"""
