"""`python -m gatescope`: the `gatescope` command."""

from gatescope.command_line import main

if __name__ == "__main__":
    main()
