"""Review: sign-off states, keys, signatures."""
