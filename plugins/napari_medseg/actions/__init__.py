"""Every action that a reader can take: by key, listed by ?, settable."""
