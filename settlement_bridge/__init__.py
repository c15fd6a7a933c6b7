"""Keeps import jobs for the retired SFTP settlement reports working, on top of the Report API."""

__version__ = "0.1.0"
