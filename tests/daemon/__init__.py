"""The daemon: its arithmetic by itself, the rest as a real process with real signals and a real notify socket."""
