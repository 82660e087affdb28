"""What other programs may ask of a page: its functions over HTTP, and as tools for agents."""
