"""The pipeline: the only room that knows all the stages."""
