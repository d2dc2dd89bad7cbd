"""Where items come from, one module for each kind of source; nothing here normalises, masks or publishes."""
