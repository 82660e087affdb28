"""The vLLM model classes that the plugin registers: one file a class."""
