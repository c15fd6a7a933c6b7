"""Brings files to where the import jobs look for them."""
