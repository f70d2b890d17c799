"""Doors for an agent: what it may ask of the telephone, and the protocols it asks by.

`actions` knows no protocol, a protocol (`mcp`) knows no telephone, and `line` asks the running
bridge over HTTP, with an agent's token. Another protocol is another file beside `mcp`.
"""
