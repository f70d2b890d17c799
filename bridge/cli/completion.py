"""`bridge completion`: the script that completes commands in a shell."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in a shell.

    \b
    bash:  bridge completion bash >> ~/.bashrc
    zsh:   bridge completion zsh >> ~/.zshrc
    fish:  bridge completion fish > ~/.config/fish/completions/bridge.fish
    """  # noqa: D301 - click keeps the lines after this very character as they are
    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that we offer"
    root = ctx.find_root()
    script = kind(root.command, {}, "bridge", "_BRIDGE_COMPLETE")
    click.echo(script.source_template % script.source_vars())
