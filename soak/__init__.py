"""The daemon over days, at speed: faults of the API, an importer that comes when it likes, and kills at any moment."""
