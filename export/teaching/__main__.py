"""Ask the built-in teacher about the built-in reviews again: `python -m export.teaching` writes its opinions.

Needs the extra `[teacher]` and about half an hour of one core.
"""

from export.data.critics import critics
from export.data.splits import split
from export.data.wheels import cache_directory
from export.teaching.encoder import BUILT_IN as MINILM
from export.teaching.encoder import encoder_folder
from export.teaching.opinions import BUILT_IN
from export.teaching.teacher import ask_teacher

SEED = 0


def main() -> None:
    """Write the opinions that the repository holds, for the split that `gatescope export` draws without `--seed`."""
    splits = split(critics(cache_directory()), SEED)
    ask_teacher(splits, encoder_folder(MINILM, cache_directory()), SEED, print).write(BUILT_IN)


if __name__ == "__main__":
    main()
