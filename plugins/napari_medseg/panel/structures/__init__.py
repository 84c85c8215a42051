"""The structures of the open case: a list to choose from, and what may be changed of them."""
