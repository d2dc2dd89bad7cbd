"""Servers that are listened to: WebSocket and server-sent events; nothing here polls."""
