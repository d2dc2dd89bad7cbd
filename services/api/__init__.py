"""The HTTP service: what `shared/reading` reads of a run, for programs; keys and roles, formats, the live stream,
agents' tools. It computes nothing of its own that a page or a command shows otherwise."""
