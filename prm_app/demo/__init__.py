"""The bundled demo PRM: weights small enough to ship, and the code that made them.

Read it in this order: `program` (a worked solution as a program), `reading`, `stories`,
`held_out_stories` and `sources` (where problems come from), `variation` and `layouts` (one right
solution, many), `corruption` (wrong ones, with labels), `forest` (training rows), `model`,
`objective`, `optimizer`, `train`, `calibrate`, `export`, `benchmark`, `evaluate`. Nothing in the
app imports this code; it reads the checkpoints.
"""
