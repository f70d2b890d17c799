"""What an operator may set, and where each value came from. The only reader of the environment.

- `model` is the settings, `sections` their parts, `rules` what makes a value right;
- `sources` puts the layers together, `openclaw_config` finds a gateway on this machine;
- `tokens` makes the secrets that bridge makes for itself;
- `table` is the model as a flat list, for `faults`, `page` and `bridge config show`.

A new setting is a field with a description in `sections`; then `scripts/fix` writes it into the
manual.
"""

from bridge.settings.model import Settings
from bridge.settings.sources import load
from bridge.settings.tokens import ensure_tokens, install_secret

__all__ = ["Settings", "ensure_tokens", "install_secret", "load"]
