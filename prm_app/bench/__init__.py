"""How fast scoring is, beside its peers, on this machine, with the rewards of all compared."""
