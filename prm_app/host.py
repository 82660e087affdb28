"""Which PRM is in use: loads models behind the page and keeps the former one until the next is up."""
