"""`python -m gatescope`: the `gatescope` command."""

from gatescope.command import main

if __name__ == "__main__":
    main()
