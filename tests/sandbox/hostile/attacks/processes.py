"""Programs that start processes, send signals, or stay when they should be gone."""

from attacks.attack import Attack, forged, refused, stopped

_START, _SIGNAL, _STAY = "starts processes", "signals", "stays behind"

ATTACKS: tuple[Attack, ...] = (
    refused(_START, "fork", "forks by every name that Python and the C library have for it", """
        import os
        def child(fork):
            pid = fork()
            if pid == 0:
                import time
                time.sleep(20)
                os._exit(0)
            if pid < 0:
                raise OSError(ctypes.get_errno(), "fork")
            return pid
        all_refused(lambda: child(os.fork), lambda: child(os.forkpty), lambda: child(libc.fork),
                    lambda: child(lambda: syscall(57)), lambda: child(lambda: syscall(58)))
    """),
    refused(_START, "clone", "makes a process of its own by clone and clone3, with and without namespaces", """
        def child(*call):
            pid = syscall(*call)
            if pid == 0:
                import time
                time.sleep(20)
                os._exit(0)
            return pid
        arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
        all_refused(*(lambda flags=flags: child(56, flags, 0, 0, 0, 0)
                      for flags in (17, 0x4111, 0x10000011, 0x20000011, 0x7E020011, 0x8011, 0x80000011)),
                    lambda: child(435, arguments, 88), lambda: child(435, arguments, 64))
    """),
    refused(_START, "exec", "becomes another program", """
        readable = os.open("/etc/ld.so.cache", os.O_RDONLY)
        all_refused(lambda: os.execv("/bin/sh", ["sh", "-c", "echo WORKED"]),
                    lambda: os.execve(sys.executable or "/bin/sh", ["x"], {}), lambda: os.execve(readable, ["x"], {}),
                    raw(322, -100, b"/bin/sh", None, None, 0))
    """),
    refused(_START, "posix_spawn", "starts a program without fork", """
        all_refused(lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "sleep 20"], {}),
                    lambda: os.posix_spawnp("sleep", ["sleep", "20"], {}, setsid=True))
    """),
    refused(_START, "subprocess", "starts programs through the library", """
        import subprocess
        def shell(found):
            if found != 0:
                raise OSError(errno.EPERM, "no shell")
            return found
        all_refused(lambda: subprocess.run(["/bin/sleep", "20"]), lambda: subprocess.Popen("sleep 20 &", shell=True),
                    lambda: shell(os.system("echo WORKED")), lambda: shell(libc.system(b"echo WORKED")),
                    lambda: os.popen("sleep 20").read(), lambda: os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "20"]))
    """),
    refused(_START, "multiprocessing", "starts processes through multiprocessing and its pools", """
        import concurrent.futures, multiprocessing, time
        def run(way):
            process = multiprocessing.get_context(way).Process(target=time.sleep, args=(20,))
            process.start()
            return process.pid
        def pool():
            with concurrent.futures.ProcessPoolExecutor(1) as executor:
                return executor.submit(pow, 2, 3).result()
        all_refused(lambda: run("fork"), lambda: run("spawn"), pool, lambda: multiprocessing.Pool(2),
                    lambda: multiprocessing.Manager())
    """),
    stopped(_START, "thousands of threads", "starts threads until there are no more", """
        import threading, time
        threading.stack_size(1 << 15)
        started = 0
        try:
            while started < 5000:
                threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
                started += 1
        except RuntimeError as error:
            print("stopped after", started)
            raise
        print("WORKED", started)
    """, "error", "memory", says=""),
    stopped(_START, "threads by the C library", "starts threads of the C library that spin for ever", """
        import ctypes, time
        libc = ctypes.CDLL(None)
        handle = ctypes.c_ulong()
        made = 0
        while libc.pthread_create(ctypes.byref(handle), None, libc.pause, None) == 0:
            made += 1
            if made > 2000:
                print("WORKED", made)
                break
        raise RuntimeError(f"stopped after {made}")
    """, "error", "memory", says=""),
    refused(_START, "session and group", "leaves its session and group, and gives up its limits", """
        import resource
        def unlimited(kind):
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        def more(kind):
            try:
                unlimited(kind)
            except ValueError as error:  # how Python says EPERM here
                raise PermissionError(errno.EPERM, str(error)) from None
        all_refused(os.setsid, lambda: os.setpgid(0, 0), lambda: os.nice(-1), lambda: os.sched_setaffinity(0, {0}),
                    lambda: resource.prlimit(VICTIM, resource.RLIMIT_CPU, (0, 0)),
                    *(lambda kind=kind: more(getattr(resource, "RLIMIT_" + kind))
                      for kind in ("AS", "CPU", "NPROC", "FSIZE", "NOFILE", "CORE")))
    """),
    refused(_SIGNAL, "others", "kills its parent, its neighbours, its group and everyone", """
        import signal
        near = [pid for pid in range(os.getpid() - 10, os.getpid() + 10) if pid != os.getpid()]
        all_refused(*(lambda who=who: os.kill(who, signal.SIGKILL) for who in (VICTIM, os.getppid(), 1, 0, -1, *near)),
                    lambda: os.killpg(0, 9), lambda: os.killpg(os.getpgid(VICTIM), 9), lambda: os.kill(VICTIM, 0))
    """),
    refused(_SIGNAL, "others by system call", "sends signals by the calls that Python has no name for", """
        import signal
        information = ctypes.create_string_buffer(128)
        all_refused(*(way for who in (VICTIM, os.getppid()) for way in (
            raw(200, who, 9), raw(234, who, who, 9), raw(129, who, 9, information), raw(297, who, who, 9, information),
            raw(434, who, 0), raw(424, 3, 9, None, 0), raw(62, who + (1 << 32), 9))))
    """),
    refused(_SIGNAL, "signals by the kernel", "lets the kernel signal others: owners of descriptors, timers", """
        import fcntl, signal
        reading, writing = os.pipe()
        event = (ctypes.c_int * 16)(0, 0, signal.SIGKILL, 4, VICTIM)
        all_refused(lambda: fcntl.fcntl(reading, fcntl.F_SETOWN, VICTIM), lambda: fcntl.fcntl(reading, 10, 9),
                    lambda: fcntl.fcntl(reading, fcntl.F_SETLEASE, 0),
                    raw(222, 0, event, event), raw(282, -1, event, 8, 0),
                    lambda: fcntl.ioctl(reading, 0x8901, VICTIM.to_bytes(4, "little")),
                    raw(157, 1, 0, 0, 0, 0), raw(157, 36, 1, 0, 0, 0), raw(157, 4, 1, 0, 0, 0))
    """),
    stopped(_SIGNAL, "deaf to signals", "ignores and catches every signal that it can", """
        import signal
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, lambda *a: None)
        while True:
            pass
    """, "timeout"),
    stopped(_SIGNAL, "stopping itself", "stops itself so that it cannot end", """
        import os, signal
        os.kill(os.getpid(), signal.SIGSTOP)
    """, "timeout"),
    forged("killing itself", "ends by each signal in turn of what a harness might take for success", """
        import os, signal
        def answer(x):
            signal.alarm(0)
            os.kill(os.getpid(), signal.SIGTERM)
    """, kind=_SIGNAL),
    stopped(_STAY, "thread that goes on", "leaves a thread behind that writes and computes for ever", """
        import threading
        def work():
            number = 0
            while True:
                number += 1
                with open(f"from-a-thread-{number % 10}", "w") as file:
                    file.write("x")
        threading.Thread(target=work, daemon=True).start()
    """, "passed", "failed"),
    stopped(_STAY, "thread that is waited for", "leaves a thread behind that the interpreter would wait for", """
        import threading, time
        threading.Thread(target=time.sleep, args=(3600,)).start()
    """, "timeout"),
    stopped(_STAY, "work at exit", "registers endless work for the end of the interpreter", """
        import atexit, threading, weakref
        def forever():
            while True:
                pass
        atexit.register(forever)
        threading._register_atexit(forever)
        class Last:
            def __del__(self):
                forever()
        last = Last()
        last.me = last
    """, "passed"),
    forged("pipes kept open", "closes what it answers through, keeps the rest open and sleeps", """
        import os, time
        def answer(x):
            for fd in range(3, 64):
                try:
                    os.dup2(1, fd)
                except OSError:
                    pass
            time.sleep(0.3)
            return 1
    """, kind=_STAY),
)  # fmt: skip
