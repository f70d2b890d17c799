"""bridge: a telephone for your AI agent."""

__version__ = "0.1.0"
