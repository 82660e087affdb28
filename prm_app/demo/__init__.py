"""The bundled demo PRM: checkpoints, examples and model card. Data, no code."""
