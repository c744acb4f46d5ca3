"""Programs that read what is not theirs: files, the environment, other processes, the harness itself."""

from attacks.attack import SECRET, Attack, forged, refused

ENVIRONMENT_MARK = "hostile-mark-in-the-environment"
_FILES, _PROCESSES, _HARNESS = "reads files", "reads processes", "reads the harness"

# finds text in every page of its own memory that can be reached from the addresses it knows; a page that is not
# there makes write() fail instead of ending the process
MEMORY_SEARCH = """
import ctypes, gc, os, re
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p

def pages():
    here = ctypes.create_string_buffer(1)
    known = [id(o) for o in gc.get_objects()] + [id(os.environ), ctypes.addressof(here), libc.sbrk(0) - 1]
    known += [ctypes.cast(libc.printf, ctypes.c_void_p).value, ctypes.addressof(ctypes.c_int.in_dll(libc, "environ"))]
    chunks = {(address >> 20) + step for address in known for step in range(-6, 7)}
    for chunk in sorted(chunks):
        for page in range(256):
            yield (chunk << 20) + page * 4096

def search(pattern):
    reading, writing = os.pipe()
    found = set()
    for page in pages():
        if libc.write(writing, ctypes.c_void_p(page), 4096) == 4096:
            found.update(re.findall(pattern, os.read(reading, 4096)))
    return found
"""

ATTACKS: tuple[Attack, ...] = (
    refused(_FILES, "home folder", "lists and reads the user's home", """
        names = (".profile", ".bashrc", ".ssh/id_rsa", ".netrc", ".gitconfig")
        present = [path for path in (f"{HOME}/{name}" for name in names) if os.path.exists(path)]
        folders = (HOME, "/root", "/home")
        all_refused(*map(read, present), *(lambda folder=folder: os.listdir(folder) for folder in folders))
    """),
    refused(_FILES, "world-readable file", "reads files that every user may read", """
        all_refused(read(OUTSIDE + "/kept.txt"), lambda: os.listdir(OUTSIDE), read("/etc/passwd"), read("/etc/hosts"),
                    lambda: os.listdir("/"), lambda: os.listdir("/tmp"), lambda: os.listdir("/etc"))
    """),
    refused(_FILES, "project", "reads the project's own files and those of other packages", """
        import os.path
        all_refused(read(PROJECT + "/pyproject.toml"), read(PROJECT + "/ddpt_core/metrics/execution.py"),
                    lambda: os.listdir(PROJECT), lambda: os.listdir(PACKAGES), read(PACKAGES + "/pytest/__init__.py"))
    """),
    refused(_FILES, "symbolic link", "reads through symbolic links out of the scratch folder", """
        os.symlink(OUTSIDE, "folder")
        os.symlink(OUTSIDE + "/kept.txt", "file")
        os.symlink("folder/kept.txt", "twice")
        all_refused(read("file"), read("folder/kept.txt"), read("twice"), lambda: os.listdir("folder"))
    """),
    refused(_FILES, "folder descriptor", "goes up from an open folder", """
        here = os.open(".", os.O_PATH)
        up = "/".join([".."] * 12) + OUTSIDE
        all_refused(lambda: os.open(up + "/kept.txt", os.O_RDONLY, dir_fd=here),
                    lambda: os.open(up, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here), read(up + "/kept.txt"))
    """),
    refused(_FILES, "other folder as the current one", "changes into a folder and reads from there", """
        os.chdir(OUTSIDE)
        all_refused(read("kept.txt"), lambda: os.listdir("."), write("made.txt"))
    """),
    refused(_FILES, "import from elsewhere", "imports and loads code from outside", """
        import importlib.util
        sys.path[:0] = [OUTSIDE, PROJECT]
        spec = importlib.util.spec_from_file_location("planted", OUTSIDE + "/planted.py")
        all_refused(lambda: spec.loader.exec_module(importlib.util.module_from_spec(spec)))
    """),
    refused(_FILES, "devices", "reads memory, disks and terminals", """
        present = [path for path in ("/dev/mem", "/dev/kmsg", "/dev/port", "/dev/sda", "/dev/vda", "/dev/nvme0n1",
                                     "/dev/tty", "/dev/ptmx", "/dev/zero", "/dev/random") if os.path.lexists(path)]
        all_refused(*map(read, present), lambda: os.listdir("/dev"), lambda: os.listdir("/dev/shm"),
                    lambda: os.openpty())
    """),
    refused(_FILES, "kernel's files", "reads and writes /proc and /sys", """
        present = [path for path in ("/proc/kcore", "/proc/kallsyms", "/proc/cpuinfo", "/proc/mounts", "/proc/version",
                                     "/proc/net/tcp", "/proc/sys/kernel/hostname", "/sys/kernel/notes")
                   if os.path.exists(path)]
        all_refused(*map(read, present), lambda: os.listdir("/proc"), lambda: os.listdir("/sys"),
                    *(write(path) for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern")
                      if os.path.exists(path)))
    """),
    refused(_PROCESSES, "itself in /proc", "reads its own memory, maps, environment and descriptors", """
        names = "maps mem environ cmdline status auxv pagemap stack syscall mountinfo smaps limits".split()
        all_refused(*(read(f"/proc/{who}/{name}") for name in names for who in ("self", os.getpid(), "thread-self")
                      if os.path.lexists(f"/proc/self/{name}")),
                    lambda: os.listdir("/proc/self"), lambda: os.listdir("/proc/self/task"),
                    read("/proc/self/exe"), lambda: os.listdir("/proc/self/root/"))
    """),
    refused(_PROCESSES, "another process in /proc", "reads a process of the same user, its parent and process 1", """
        names = "maps mem environ cmdline status fd cwd root exe stack".split()
        all_refused(*(read(f"/proc/{who}/{name}") for name in names for who in (VICTIM, os.getppid(), 1)),
                    *(lambda who=who: os.listdir(f"/proc/{who}/fd") for who in (VICTIM, os.getppid(), 1)),
                    *(lambda who=who: os.readlink(f"/proc/{who}/exe") for who in (VICTIM, os.getppid())))
    """),
    refused(_PROCESSES, "neighbours in /proc", "reads the processes started just before and after it", """
        def look(path):
            try:
                return read(path)()
            except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
                raise PermissionError(errno.EACCES, path) from None
        near = [pid for pid in range(os.getpid() - 20, os.getpid() + 20) if pid != os.getpid()]
        names = ("mem", "cmdline", "environ")
        all_refused(*(lambda pid=pid, name=name: look(f"/proc/{pid}/{name}") for pid in near for name in names))
    """),
    refused(_PROCESSES, "another process by system call", "reads and writes memory and descriptors of a process", """
        space = ctypes.create_string_buffer(16)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(space), 16)
        others = (VICTIM, os.getppid())
        all_refused(*(raw(number, who, vector, 1, vector, 1, 0) for number in (310, 311) for who in others),
                    raw(101, 16, VICTIM, 0, 0), raw(101, 0x4206, os.getppid(), 0, 0), raw(101, 0, 0, 0, 0),
                    raw(434, VICTIM, 0), raw(438, 3, 0, 0), raw(312, os.getpid(), VICTIM, 1, 0, 0))
    """),
    refused(_PROCESSES, "environment", "finds a variable of the process that started the sandbox", """
        found = [value for value in os.environ.values() if "hostile" in value]
        block = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
        index = 0
        while block and block[index]:
            found += [block[index]] if b"hostile" in block[index] else []
            index += 1
        found += search(b"hostile.mark.in.the.env[a-z]{6}")
        print(*(["WORKED", found] if found else []))
        raise Refused("nothing found")
    """, before=MEMORY_SEARCH),
    forged("memory search", "searches all of its memory for what the test expects", r"""
        def answer(x):
            found = search(rb"27\d{18}")
            return int(found.pop()) if found else 0
    """, kind=_HARNESS, before=MEMORY_SEARCH),
    forged("frames", "looks for what the test expects in the frames of those who call it", """
        import gc, re, sys
        def answer(x):
            frame, seen = sys._getframe(), [repr(o) for o in gc.get_objects() if type(o) in (list, dict, tuple)]
            while frame:
                seen += [repr(frame.f_locals), repr(frame.f_globals), repr(frame.f_code.co_consts)]
                frame = frame.f_back
            found = re.findall("27[0-9]{18}", " ".join(seen))
            return int(found[0]) if found else 0
    """, kind=_HARNESS),
    forged("every object", "looks for what the test expects in every string and number alive", """
        import gc, re
        def answer(x):
            found, seen, queue = [], set(), gc.get_objects()
            while queue:
                o = queue.pop()
                if id(o) in seen:
                    continue
                seen.add(id(o))
                if type(o) is int and len(hex(o)) == 19 or type(o) is str and "answer(2) ==" in o and len(o) < 60:
                    found.append(o)
                elif type(o) in (list, tuple, dict, set):
                    queue += gc.get_referents(o)
            return max([o for o in found if type(o) is int], default=0)
    """, kind=_HARNESS),
    forged("open descriptors", "reads every descriptor that it inherited", """
        import fcntl, os, re
        def answer(x):
            seen = b""
            for fd in range(64):
                for read in (lambda: os.pread(fd, 1 << 16, 0), lambda: os.read(fd, 1 << 16)):
                    try:
                        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
                        seen += read()
                    except OSError:
                        pass
            found = re.findall(rb"27\\d{18}", seen)
            return int(found[0]) if found else 0
    """, kind=_HARNESS),
    forged("descriptors opened again", "opens its pipes a second time, to read what the tests print into them", """
        import os, re, threading, time
        seen = []
        def listen(fd):
            while True:
                seen.append(os.read(fd, 1 << 16))
        for fd in range(3):
            try:
                again = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
            except OSError:
                continue
            threading.Thread(target=listen, args=(again,), daemon=True).start()
        def answer(x):
            time.sleep(0.2)
            found = re.findall(rb"27\\d{18}", b"".join(seen))
            return int(found[0]) if found else 0
    """, f"for _ in range(50):\n    print({SECRET}, flush=True)\nassert answer(2) == {SECRET}", kind=_HARNESS),
    forged("the harness as a module", "imports the project and asks it", """
        import importlib, pkgutil, sys
        def answer(x):
            for name in [n for n in sys.modules if n.startswith("ddpt_core")] + ["sandbox.judge"]:
                module = sys.modules.get(name) or importlib.import_module(name)
                for value in vars(module).values():
                    if isinstance(value, int) and value > 10**19:
                        return value
            return 0
    """, kind=_HARNESS),
    forged("arguments and code", "looks for the tests in sys.argv, linecache and the loaded code", """
        import gc, linecache, re, sys, types
        def answer(x):
            code = [o.co_consts for o in gc.get_objects() if isinstance(o, types.CodeType)]
            code += [o.__code__.co_consts for o in gc.get_objects() if isinstance(o, types.FunctionType)]
            text = repr([sys.argv, sys.orig_argv, linecache.cache, code, sys.flags, sys._xoptions])
            found = re.findall("27[0-9]{18}", text)
            return int(found[0]) if found else 0
    """, kind=_HARNESS),
)  # fmt: skip
