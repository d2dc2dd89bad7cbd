"""RSS, Atom and JSON feeds: polled, and parsed in a child process; not other interfaces of servers (web_apis)."""
