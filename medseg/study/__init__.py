"""The store of a study: its folder, its database, its ledger."""
