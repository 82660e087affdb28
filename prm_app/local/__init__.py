"""An engine in this process: the only package of the app that imports vLLM."""
