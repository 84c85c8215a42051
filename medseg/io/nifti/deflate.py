"""One gzip member, deflated by several threads.

As pigz does (Mark Adler, zlib.net/pigz): each block is deflated by itself, with the 32 KiB before it as its
dictionary, and ended at a byte border, so that the blocks in a row are one deflate stream (RFC 1951). The
result depends on the blocks and the level alone, never on the number of threads.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from isal import isal_zlib

from medseg.processes import usable_processors

LEVEL = 2
"""Of isal's levels 0 to 3. On real CT, MR and PET it was 1 to 3 % smaller than level 1 at about its speed;
level 3 gained nothing on most and lost 4 % on head CT."""

MAX_THREADS = 8
"""More would wait for the one thread that writes what they deflate."""

_WINDOW_BYTES = 1 << 15
_RAW_DEFLATE = -15
_MEMORY_LEVEL = 8
_DEFAULT_STRATEGY = 0

_HEADER = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
"""RFC 1952: deflate, no file name, no time, no particular system. The same voxels give the same bytes."""

_LAST_BLOCK = b"\x03\x00"
"""RFC 1951: an empty last block with fixed Huffman codes."""


def usable_threads() -> int:
    """How many threads are worth using here."""
    return min(usable_processors(), MAX_THREADS)


def gzip_member(blocks: Iterable[memoryview], threads: int, level: int = LEVEL) -> Generator[bytes]:
    """Deflate blocks, some ahead of what is asked for, and yield the bytes of one gzip member.

    Args:
        blocks: The content, in pieces of bytes that stay as they are until they are deflated.
        threads: How many blocks are deflated at a time.
        level: Of isal, 0 to 3.
    """
    crc, length = 0, 0
    yield _HEADER
    with ThreadPoolExecutor(threads, "deflate") as pool:
        for deflated in _in_order(pool, blocks, 2 * threads, level):
            body, border, block_crc, block_length = deflated.result()
            crc = isal_zlib.crc32_combine(crc, block_crc, block_length)
            length += block_length
            yield body
            yield border
    yield _LAST_BLOCK + struct.pack("<II", crc, length & 0xFFFFFFFF)


_Deflated = tuple[bytes, bytes, int, int]


def _in_order(
    pool: ThreadPoolExecutor, blocks: Iterable[memoryview], ahead: int, level: int
) -> Iterator[Future[_Deflated]]:
    """Keep so many blocks in the pool that no thread waits, and no more, so that memory is bounded."""
    pending: deque[Future[_Deflated]] = deque()
    dictionary = memoryview(b"")
    for block in blocks:
        pending.append(pool.submit(_deflate, block, dictionary, level))
        dictionary = block[-_WINDOW_BYTES:]
        if len(pending) > ahead:
            yield pending.popleft()
    yield from pending


def _deflate(block: memoryview, dictionary: memoryview, level: int) -> _Deflated:
    deflater = isal_zlib.compressobj(
        level, isal_zlib.DEFLATED, _RAW_DEFLATE, _MEMORY_LEVEL, _DEFAULT_STRATEGY, dictionary
    )
    body = deflater.compress(block)
    return body, deflater.flush(isal_zlib.Z_SYNC_FLUSH), isal_zlib.crc32(block), len(block)
