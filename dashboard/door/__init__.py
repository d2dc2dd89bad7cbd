"""Who may see the dashboard: one ASGI middleware before every path and the websocket. There are no passwords of ours:
users come from an OpenID Connect provider, or from a proxy that has asked them."""
