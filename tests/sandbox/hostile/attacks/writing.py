"""Programs that write where they may not, and that leave something behind in the scratch folder."""

from attacks.attack import Attack, refused, stopped

_OUTSIDE, _LINKS, _LEFT = "writes outside", "links out", "leaves files"

ATTACKS: tuple[Attack, ...] = (
    refused(_OUTSIDE, "folder open to all", "makes files of every sort in a folder that every user may write to", """
        new = OUTSIDE + "/made"
        all_refused(write(new), write(OUTSIDE + "/kept.txt", "ab"), write(OUTSIDE + "/kept.txt", "r+b"),
                    lambda: os.mkdir(new), lambda: os.mkfifo(new), lambda: os.mknod(new), lambda: os.symlink("x", new),
                    lambda: os.open(OUTSIDE, os.O_TMPFILE | os.O_RDWR))
    """),
    refused(_OUTSIDE, "folder above", "reads and writes beside its own folder, where those of others may be", """
        open("mine", "w").close()
        all_refused(write("../made"), lambda: os.mkdir("../made"), lambda: os.rename("mine", "../mine"),
                    lambda: os.listdir(".."), lambda: os.listdir("../.."), lambda: os.symlink("x", "../made"),
                    lambda: os.rmdir(os.getcwd()),
                    lambda: os.rename(os.getcwd(), os.getcwd() + "-moved"), lambda: os.link("mine", "../mine"))
    """),
    refused(_OUTSIDE, "removal", "removes and moves what lies outside", """
        all_refused(lambda: os.unlink(OUTSIDE + "/kept.txt"), lambda: os.rmdir(OUTSIDE + "/folder"),
                    lambda: os.rename(OUTSIDE + "/kept.txt", OUTSIDE + "/gone"),
                    lambda: os.rename(OUTSIDE + "/folder", "mine"), lambda: os.truncate(OUTSIDE + "/kept.txt", 0))
    """),
    refused(_OUTSIDE, "truncation while reading", "empties a file by the flags of open that need no right to write", """
        all_refused(*(lambda flags=flags: os.open(OUTSIDE + "/kept.txt", flags)
                      for flags in (os.O_TRUNC, 3, 3 | os.O_TRUNC, os.O_WRONLY | os.O_TRUNC, os.O_RDWR | os.O_TRUNC)))
    """),
    refused(_OUTSIDE, "modes and owners", "changes modes, owners, times and attributes, also of its own files", """
        open("mine", "w").close()
        all_refused(*(way for path in ("mine", ".", OUTSIDE + "/kept.txt") for way in (
                        lambda path=path: os.chmod(path, 0o4777), lambda path=path: os.chown(path, 0, 0),
                        lambda path=path: os.utime(path, (1, 1)), lambda path=path: os.setxattr(path, "user.x", b"1"))),
                    lambda: os.fchmod(os.open("mine", os.O_RDWR), 0o6777))
    """),
    refused(_OUTSIDE, "library", "changes the library that the next program imports", """
        import json
        library = os.path.dirname(os.path.realpath(json.__file__))
        all_refused(write(library + "/__init__.py", "ab"), write(library + "/planted.py"),
                    write(sys.executable or "/bin/sh", "ab"), lambda: os.mkdir(library + "/__pycache__/x"),
                    lambda: os.rename(library + "/decoder.py", library + "/gone.py"))
    """),
    refused(_OUTSIDE, "read-only file by other calls", "writes to a file that it may only read", """
        import fcntl, mmap
        readable = os.open("/etc/ld.so.cache", os.O_RDONLY)
        for way in (lambda: os.ftruncate(readable, 0), lambda: os.posix_fallocate(readable, 0, 1 << 20),
                    lambda: os.copy_file_range(os.open("/dev/urandom", 0), readable, 4),
                    lambda: os.write(readable, b"x")):
            try:
                way()
                print("WORKED")
            except OSError as error:
                assert error.errno in (errno.EINVAL, errno.EBADF, errno.EPERM, errno.EACCES), error
        all_refused(lambda: mmap.mmap(readable, 1, mmap.MAP_SHARED, mmap.PROT_WRITE), write("/etc/ld.so.cache", "ab"))
    """),
    refused(_OUTSIDE, "shared memory", "keeps something for the next program in shared memory and queues", """
        all_refused(write("/dev/shm/hostile"), raw(29, 0x1234, 4096, 0o1666), raw(68, 0x1234, 0o1666),
                    raw(64, 0x1234, 1, 0o1666), raw(240, b"hostile", os.O_CREAT | os.O_RDWR, 0o666, 0),
                    raw(319, b"hostile", 0), raw(248, b"user", b"x", b"y", 1, -3))
    """),
    refused(_LINKS, "hard link in", "links a file of others into its own folder", """
        import json
        all_refused(lambda: os.link(OUTSIDE + "/kept.txt", "mine"), lambda: os.link("/etc/passwd", "passwd"),
                    lambda: os.link(os.path.realpath(json.__file__), "json.py"), lambda: os.link("/dev/null", "null"))
    """),
    refused(_LINKS, "hard link out", "links its own file to where it stays", """
        open("mine", "w").write("x")
        os.link("mine", "second")
        all_refused(lambda: os.link("mine", OUTSIDE + "/stays"), lambda: os.rename("mine", OUTSIDE + "/stays"),
                    lambda: os.replace("second", "/tmp/stays"), raw(316, -100, b"mine", -100,
                        (OUTSIDE + "/kept.txt").encode(), 2))
    """),
    refused(_LINKS, "writing through a link",
    "writes through symbolic links, folders swapped while it is watched included", """
        os.mkdir("folder")
        os.symlink(OUTSIDE, "link")
        raw(316, -100, b"folder", -100, b"link", 2)()  # RENAME_EXCHANGE
        os.symlink(OUTSIDE + "/through", "dangling")
        all_refused(write("folder/made"), write("dangling"), write("folder/kept.txt", "ab"),
            lambda: os.mkdir("folder/new"),
                    lambda: os.unlink("folder/kept.txt"))
    """),
    stopped(_LINKS, "links to the whole system", "lets those who tidy up follow links to what is not the program's", """
        import os
        for number, target in enumerate(("/", "/etc", "/proc/self", "/dev", OUTSIDE, OUTSIDE + "/kept.txt", "..",
            "loop5")):
            os.symlink(target, f"link{number}")
        os.symlink("loop5", "loop5")
        os.makedirs("a/b")
        os.symlink(OUTSIDE, "a/b/link")
    """, "passed"),
    stopped(_LEFT, "names of the one who tidies up", "makes folders with the names that the tidying gives", """
        import os
        os.makedirs("a/x/y")
        for number in range(5):
            os.makedirs(f".removed-{number}/.removed-{number + 1}/z")
            open(f".removed-{number}/file", "w").close()
    """, "passed"),
    stopped(_LEFT, "deep folders", "nests folders deeper than a path can name", """
        import os
        for _ in range(1900):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    """, "passed", "failed"),
    stopped(_LEFT, "closed folders", "makes folders and files that nobody may read or change", """
        import os
        os.umask(0o777)
        os.mkdir("closed")
        os.mkdir("open", 0o777)
        os.umask(0)
        os.makedirs("a/b/c")
        open("a/b/c/file", "w").close()
        os.mkdir("a/b/c/none", 0)
        os.close(os.open("a/b/file", os.O_CREAT | os.O_WRONLY, 0))
    """, "passed"),
    stopped(_LEFT, "odd names", "makes files with names that are hard to name", """
        import os
        for name in (b"\\xff\\xfe", b"new\\nline", b" ", b"-rf", b"*", b"\\x1b[2J", "é".encode(), b"x" * 255, b"...",
            b"~"):
            os.makedirs(name + b"_folder" if len(name) < 200 else b"y" * 255)
            open(name, "wb").close()
    """, "passed"),
    stopped(_LEFT, "deleted but open", "holds a file open that it deleted, and dies with it", """
        import os
        files = [open(str(i), "wb", buffering=0) for i in range(3)]
        for i, file in enumerate(files):
            os.unlink(str(i))
            file.write(bytes(1 << 20))
        os.rmdir(os.getcwd())
    """, "passed", "failed", "error"),
)  # fmt: skip
