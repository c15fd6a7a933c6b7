"""Speaks to the Report API: keys, pages, retries; whatever the dialect, the answers leave in v2 words."""
