"""Where items come from: what all kinds share, and a package for each way of reading; nothing here normalises, masks or
publishes."""
