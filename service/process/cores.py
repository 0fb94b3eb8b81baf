"""How many worker processes the cores of this machine are split into, and how many of them each computes on."""

from service.settings import Settings


def split(settings: Settings, available: int) -> Settings:
    """`settings` with `workers` and `threads` chosen where they are 0.

    One worker a core, which computes between its requests: a process has one interpreter lock, and on short reviews
    HTTP and words cost more than the network (docs/design/engine.md has the figures). A GPU is one worker's.
    """
    cuda = settings.provider == "cuda"
    workers = settings.workers or (1 if cuda else available)
    threads = settings.threads or (1 if cuda else max(1, available // workers))
    return settings.model_copy(update={"workers": workers, "threads": threads})
