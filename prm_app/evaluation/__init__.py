"""How good a PRM is: labelled data, and the figures that command line and page show of it."""
