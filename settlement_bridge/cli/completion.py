"""`settlement-bridge completion`: the Tab key."""

import click
from click.shell_completion import get_completion_class

from settlement_bridge.errors import EXIT_DONE

_INSTALL = {
    "bash": """\
# To install, once (the package bash-completion loads it from there):
#   mkdir -p ~/.local/share/bash-completion/completions
#   settlement-bridge completion bash > ~/.local/share/bash-completion/completions/settlement-bridge
# or, for this shell only:  eval "$(settlement-bridge completion bash)"
""",
    "zsh": """\
# To install, once, behind compinit in ~/.zshrc:
#   eval "$(settlement-bridge completion zsh)"
""",
    "fish": """\
# To install, once:
#   settlement-bridge completion fish > ~/.config/fish/completions/settlement-bridge.fish
""",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script of a shell, with a comment that says how to install it.

    Changes nothing.

    \b
    Exit codes:
      0  done
      2  not one of these shells

    \b
    Example:
      eval "$(settlement-bridge completion bash)"
    """
    root = context.find_root()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    variable = f"_{(root.info_name or '').replace('-', '_')}_COMPLETE".upper()
    script = kind(root.command, {}, root.info_name or "", variable).source()
    click.echo(_INSTALL[shell] + script)
    return EXIT_DONE
