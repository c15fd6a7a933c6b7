"""A Report API in a box, over real HTTP on loopback."""
