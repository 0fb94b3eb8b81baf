"""Worker processes: each loads the model once and turns blocks into parts. They end when their parent does, however."""

import multiprocessing
import signal
import traceback
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from models.bundle.files import InvalidBundle
from models.reviews.errors import DataError
from service.score.blocks import Block, ScoredBlock
from service.score.job import Job

AHEAD = 16
"""How far the newest block may be from the oldest that is not done: what waits for its turn in the output."""


def parts(job: Job, blocks: Iterable[Block], workers: int) -> Iterator[ScoredBlock]:
    """Yield the parts of `blocks`, as they are done. Raises `DataError`, `InvalidBundle`."""
    source = _Lookahead(iter(blocks))
    following = iter(source)
    first = next(following, None)
    if first is None:
        return
    if workers == 1 or source.block is None:
        score = job.score()
        for block in chain([first], following):
            yield job.part(score, block)
        return
    with _WorkerPool(job, workers) as team:
        yield from team.parts(chain([first], following))


class _WorkerPool:
    """Worker processes and what each is busy with. A worker reads its next block while nothing else waits for it."""

    def __init__(self, job: Job, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(job, theirs), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process

    def __enter__(self) -> "_WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in self._processes.items():
            connection.close()
            process.terminate()
            process.join()

    def parts(self, blocks: Iterator[Block]) -> Iterator[ScoredBlock]:
        """Yield the parts of all blocks that can be read; only then is raised why no more could."""
        source, idle, busy = _Lookahead(blocks), list(self._processes), dict[Connection, int]()
        done: list[ScoredBlock] = []
        while source.block is not None or busy:
            if source.block is not None and idle and _is_near(source.block, busy.values()):
                connection = idle.pop()
                busy[connection] = source.block.number
                _send(connection, source.block)
                source.advance()
                continue
            yield from done  # once their workers have something else to do: a part is written to disk next
            done = []
            try:
                for ready in wait(list(busy)):
                    assert isinstance(ready, Connection)
                    done.append(self._receive(ready))
                    del busy[ready]
                    idle.append(ready)
            except DataError:
                yield from done
                raise
        yield from done
        if source.error is not None:
            raise source.error

    def _receive(self, connection: Connection) -> ScoredBlock:
        try:
            answer = connection.recv()
        except (EOFError, ConnectionError) as error:
            process = self._processes[connection]
            process.join(1)
            raise DataError(f"a worker process ended ({process.exitcode}): run again to go on") from error
        if isinstance(answer, ScoredBlock):
            return answer
        raise DataError(answer)


def _is_near(block: Block, busy: Collection[int]) -> bool:
    return not busy or block.number - min(busy) < AHEAD


class _Lookahead:
    """The next block, read before a worker is free to take it; the `error` that ended the reading is kept for later."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks, self.error = blocks, None
        self.advance()

    block: Block | None
    error: DataError | None

    def advance(self) -> None:
        try:
            self.block = next(self._blocks, None)
        except DataError as error:
            self.block, self.error = None, error

    def __iter__(self) -> Iterator[Block]:
        while (block := self.block) is not None:
            self.advance()
            yield block
        if self.error is not None:
            raise self.error


def _send(connection: Connection, block: Block) -> None:
    try:
        connection.send(block)
    except ConnectionError:
        return  # the worker has said why, or its end is seen when its answer is read


def _work(job: Job, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        score = job.score()
        while True:
            connection.send(job.part(score, connection.recv()))
    except (EOFError, ConnectionError):
        return
    except (DataError, InvalidBundle) as error:
        connection.send(str(error))
    except Exception as error:  # the parent must hear of it; the message may hold a text, the places don't
        places = "".join(traceback.format_tb(error.__traceback__))
        connection.send(f"{type(error).__name__} while scoring, at\n{places}")
