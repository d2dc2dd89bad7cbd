"""One file per page with `draw(view)`: they compose what is read and drawn elsewhere, and do not compute."""
