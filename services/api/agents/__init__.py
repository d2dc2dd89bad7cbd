"""Tools for agents, by the official MCP SDK: what the routes answer, by intent. They never change anything."""
