"""`bridge mcp`: the telephone as tools of an agent, by the Model Context Protocol."""

import click


@click.command("mcp", short_help="Be an MCP server, by which an agent places calls.")
@click.option("--url", help="The server to ask; else the one that runs here.")
def command(url: str | None) -> None:
    """Serve an agent on standard input and output, by the Model Context Protocol.

    An agent's program starts this, not a person. The tools place calls through the running server,
    with the agent's token (server.agent_token), which is made if there is none.
    """
    from bridge.errors import SettingsError

    try:
        from bridge.agent_tool import mcp
    except ModuleNotFoundError as missing:
        if missing.name is not None and missing.name.startswith("bridge"):
            raise
        raise SettingsError(
            f"the package {missing.name!r} is not installed, which this command speaks with",
            hint="Install the extra: pip install 'bridge[mcp]'",
        ) from None

    import asyncio
    from urllib.parse import urlsplit

    from bridge.agent_tool.actions import Telephone
    from bridge.agent_tool.line import connect
    from bridge.cli.running import server_at
    from bridge.core.public_url import is_public
    from bridge.settings import load
    from bridge.settings.tokens import ensure_agent_token

    settings = ensure_agent_token(load())
    root, token = server_at(url, settings).root, settings.server.agent_token
    assert token is not None, "made a moment ago"

    async def serve() -> None:
        is_far = is_public(urlsplit(root).hostname or "")
        async with connect(root, token, trusts_proxies=is_far) as line:
            await mcp.serve(Telephone(line))

    asyncio.run(serve())
