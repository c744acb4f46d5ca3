"""Programs that use up memory, disk, descriptors, output or time."""

from attacks.attack import SECRET, Attack, stopped

_MEMORY, _DISK, _OUTPUT, _TIME = "memory", "disk", "output", "time"
_ASK = (f"assert answer(2) == {SECRET}",)


def asked(kind: str, name: str, tries: str, code: str, *allowed: str) -> Attack:
    """Returns an attack that begins when its function is called."""
    attack = stopped(kind, name, tries, code, *allowed)
    return Attack(kind, name, tries, attack.code, _ASK, allowed, says="")


ATTACKS: tuple[Attack, ...] = (
    stopped(_MEMORY, "one large block", "asks for more than there is", "x = bytearray(1 << 40)", "memory"),
    stopped(_MEMORY, "doubling list", "doubles a list until nothing is left", """
        x = [0]
        while True:
            x += x
    """, "memory"),
    stopped(_MEMORY, "small objects", "fills memory with small objects to the last byte", """
        x = None
        while True:
            x = (x, [x], {1: x})
    """, "memory", "timeout"),
    stopped(_MEMORY, "mapped memory", "maps memory past the allocator, and touches it", """
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 16 << 20))
            kept[-1][:: 4096] = bytes(4096)
    """, "error", "memory", says=""),
    stopped(_MEMORY, "numpy", "fills arrays", """
        import numpy
        kept = []
        while True:
            kept.append(numpy.ones(1 << 21))
    """, "memory"),
    stopped(_MEMORY, "catching MemoryError", "goes on when there is no memory left", """
        kept = []
        while True:
            try:
                kept.append(bytearray(1 << 20))
            except MemoryError:
                pass
    """, "timeout", "memory", "error"),
    stopped(_MEMORY, "compression bomb", "unpacks little into much", """
        import zlib
        packed = zlib.compress(bytes(1 << 26), 9)
        kept = [zlib.decompress(packed) for _ in range(10**6)]
    """, "memory", "timeout"),
    stopped(_MEMORY, "deep recursion", "recurses with no limit until the stack ends", """
        import sys
        sys.setrecursionlimit(10**9)
        class Deep:
            def __repr__(self):
                return repr(self)
        repr(Deep())
    """, "error", "memory", says=""),
    stopped(_MEMORY, "deep source", "is nested too deeply to be read",
            "x = " + "(" * 50_000 + ")" * 50_000, "error", "memory"),
    stopped(_MEMORY, "long chain in the source", "makes the compiler recurse",
            "x = " + "-" * 150_000 + "1", "error", "memory"),
    stopped(_MEMORY, "constant too large", "makes the compiler compute a huge constant",
            "x = 2 ** 10 ** 9 << 10 ** 9\ny = 'x' * 10**10",
            "memory", "timeout", "error"),
    asked(_MEMORY, "answer too large for a frame", "answers with more than can cross", """
        def answer(x):
            return "x" * (40 << 20)
    """, "error", "memory", "failed", "timeout"),
    asked(_MEMORY, "answer that unpacks", "answers with what is small on the way and large for the tests", """
        def answer(x):
            return [[[]] * 10 for _ in range(700_000)]
    """, "error", "memory", "failed", "timeout"),
    asked(_MEMORY, "answer nested in itself", "answers with a list that contains itself, ten thousand deep", """
        def answer(x):
            inner = found = []
            for _ in range(10_000):
                found = [found]
            inner.append(found)
            return found
    """, "error", "memory", "failed", "timeout"),
    stopped(_DISK, "large file", "writes one file without end", """
        with open("large", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    """, "failed", "error", says=""),
    stopped(_DISK, "many large files", "writes files up to the size that each may have", """
        for number in range(1000):
            with open(str(number), "wb", buffering=0) as file:
                for _ in range(60):
                    file.write(bytes(1 << 16))
    """, "failed", "timeout", says=""),
    stopped(_DISK, "many files", "makes files without end", """
        number = 0
        while True:
            number += 1
            open(str(number), "w").close()
    """, "failed", says="2,000 files"),
    stopped(_DISK, "sparse file", "makes a file of many terabytes with nothing in it", """
        import os
        file = os.open("sparse", os.O_CREAT | os.O_RDWR)
        os.ftruncate(file, 1 << 50)
        print("WORKED", os.fstat(file).st_size)
    """, "error", says=""),
    stopped(_DISK, "reserved file", "reserves blocks for files without writing them", """
        import os
        for number in range(64):
            file = os.open(str(number), os.O_CREAT | os.O_RDWR)
            os.posix_fallocate(file, 0, 3 << 20)
            os.close(file)
        import time
        time.sleep(5)
    """, "failed", "error", says=""),
    stopped(_DISK, "folders without end", "makes folders inside folders until it is stopped", """
        import os
        while True:
            os.mkdir("d")
            os.chdir("d")
    """, "failed", "error", "timeout"),
    stopped(_DISK, "descriptors", "opens files and pipes until there are no more", """
        import os
        kept = []
        while True:
            kept.append(os.pipe())
            kept.append(os.open("/dev/null", os.O_RDONLY))
    """, "error", says="OSError"),
    stopped(_OUTPUT, "print", "prints without end",
            "while True:\n    print('x' * 1000)", "failed", says="printed more than"),
    stopped(_OUTPUT, "standard error", "writes to standard error without end", """
        import sys
        while True:
            sys.stderr.write("x" * 1000)
    """, "failed", says="printed more than"),
    stopped(_OUTPUT, "raw writes", "writes to the descriptors of output past Python", """
        import os
        while True:
            os.write(1, bytes(65536))
            os.write(2, bytes(65536))
    """, "failed", says="printed more than"),
    stopped(_OUTPUT, "output that does not wait", "makes its output not wait, and writes to it without end", """
        import fcntl, os
        fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)
        while True:
            try:
                os.write(1, bytes(65536))
            except BlockingIOError:
                pass
    """, "failed", says="printed more than"),
    asked(_OUTPUT, "flood to the tests", "writes gigabytes into every pipe that it holds", """
        import os
        def answer(x):
            pipes = []
            for fd in range(3, 64):
                try:
                    os.fstat(fd)
                    os.write(fd, b"")
                    pipes.append(fd)
                except OSError:
                    pass
            while True:
                for fd in pipes:
                    os.write(fd, b"\\x00\\x00\\x10\\x00" + bytes(1 << 20))
    """, "failed", "error", "timeout"),
    asked(_OUTPUT, "callbacks without end", "asks the tests without end instead of answering", """
        import gc
        program = next(o for o in gc.get_objects() if type(o).__name__ == "Program")
        def answer(x):
            while True:
                program._line.send(["callback", 0, ["list"], ["dict"]])
                program._line.receive()
    """, "timeout", "failed", "error"),
    asked(_OUTPUT, "message of megabytes", "raises an error whose message is very long and not printable", """
        def answer(x):
            raise ValueError("\\x1b[2J\\n\\ud800" * 1_000_000)
    """, "error", "memory"),
    stopped(_TIME, "sleep", "sleeps for an hour", "import time\ntime.sleep(3600)", "timeout"),
    stopped(_TIME, "busy loop", "computes without end", "while True:\n    pass", "timeout"),
    stopped(_TIME, "loop that catches all", "goes on whatever is raised in it", """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """, "timeout"),
    stopped(_TIME, "catching the end of its time", "catches the signals of the end, and sets its limits anew", """
        import resource, signal
        signal.signal(signal.SIGXCPU, lambda *a: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        while True:
            try:
                signal.pause() if soft < 0 else sum(range(1000))
            except KeyboardInterrupt:
                pass
    """, "timeout"),
    stopped(_TIME, "threads in C", "computes in C, in several threads, where nothing can interrupt it", """
        import hashlib, threading
        work = lambda: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**9)
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        work()
    """, "timeout"),
    stopped(_TIME, "huge number as text", "turns a number of millions of digits into text", """
        import sys
        sys.set_int_max_str_digits(0)
        str(7 ** 10_000_000)
    """, "timeout"),
    stopped(_TIME, "power", "computes a power that no machine can hold",
            "x = 3\nwhile True:\n    x = x ** x ** x", "timeout", "memory"),
    stopped(_TIME, "regular expression", "matches an expression that takes exponential time", """
        import re
        re.match(r"(a+)+$", "a" * 60 + "b")
    """, "timeout"),
    stopped(_TIME, "random numbers", "reads random bytes without end", """
        import os
        while True:
            os.getrandom(1 << 20)
            open("/dev/urandom", "rb").read(1 << 20)
    """, "timeout"),
    stopped(_TIME, "timers", "lets timers fire all the time", """
        import signal
        signal.signal(signal.SIGALRM, lambda *a: None)
        signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)
        while True:
            signal.pause()
    """, "timeout"),
    asked(_TIME, "answer that takes for ever to compare", "answers with what its comparison never finishes", """
        class Slow(int):
            def __eq__(self, other):
                while True:
                    pass
            __hash__ = int.__hash__
            def __repr__(self):
                while True:
                    pass
        def answer(x):
            return Slow(3)
    """, "failed", "timeout"),
    asked(_TIME, "answer that never comes", "waits in the function that a test calls", """
        import threading
        def answer(x):
            threading.Event().wait()
    """, "timeout"),
    Attack(_TIME, "iterator that never ends", "gives the tests items without end",
           "import itertools\ndef answer(x):\n    return itertools.count()",
           (f"assert list(answer(2)) == [{SECRET}]",), ("timeout", "memory"), says=""),
)  # fmt: skip
