"""The real command as a process of its own, against the real sandbox: what the whole house does under a fault."""
