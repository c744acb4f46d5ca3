"""Programs that call the kernel by number, past Python and the C library. The numbers are those of x86_64."""

from attacks.attack import Attack, refused, stopped

_KIND = "system calls"


def calls(name: str, tries: str, *numbers: int) -> Attack:
    """Returns an attack that makes each call with three sets of harmless-looking arguments."""
    code = f"""
        space = ctypes.create_string_buffer(256)
        all_refused(*(raw(number, *words) for number in {numbers}
                      for words in ((0, 0, 0, 0, 0, 0), (1, space, space, 0, 0, 0), (space, space, space, 0, 0, 0))))
    """
    return refused(_KIND, name, tries, code)


MACHINE_CODE = """
import ctypes, mmap, os
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(CODE))
run = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
found = run()
print("result", found)
if found >= 0:
    print("WORKED", found)
raise PermissionError(-found, os.strerror(-found))
"""

ATTACKS: tuple[Attack, ...] = (
    calls("ptrace and kin", "traces and looks into processes: ptrace, process_vm_*, kcmp, process_madvise",
          101, 310, 311, 312, 440, 448),
    calls("mounts", "mounts and changes the root: mount, umount2, pivot_root, chroot, fsopen, move_mount",
          165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442),
    calls("keys", "keeps something in the kernel's keyrings: add_key, request_key, keyctl", 248, 249, 250),
    calls("io_uring", "lets the kernel do it for it: io_uring_*, io_setup, io_submit", 425, 426, 427, 206, 207, 209),
    calls("bpf and perf", "loads programs into the kernel and reads its counters: bpf, perf_event_open", 321, 298),
    calls("userfaultfd", "holds the kernel up in the middle of a copy: userfaultfd, memfd_secret", 323, 447),
    calls("memory files", "makes files in memory that could be run: memfd_create, execveat", 319, 322),
    calls("users and groups", "becomes someone else: setuid and all its kin, setgroups, capset",
          105, 106, 113, 114, 116, 117, 119, 122, 123, 126),
    calls("namespaces", "leaves for a namespace of its own: unshare, setns", 272, 308),
    calls("personality", "changes how its process is run: personality, modify_ldt, arch_prctl, ioperm, iopl",
          135, 154, 158, 173, 172),
    calls("modules and power", "loads modules and kernels, restarts: init_module, kexec_load, reboot, swapon",
          175, 176, 313, 246, 320, 169, 167, 168, 163, 179),
    calls("clocks and names", "sets clocks and names: settimeofday, clock_settime, adjtimex, sethostname",
          164, 227, 159, 305, 170, 171),
    calls("handles and watches", "names and watches files: open_by_handle_at, openat2, inotify_init, fanotify_init",
          303, 304, 437, 253, 294, 254, 300),
    calls("shared between processes", "talks through System V and POSIX objects: shmget, semget, msgget, mq_open",
          29, 30, 31, 64, 65, 66, 68, 69, 70, 240),
    calls("its own cage", "changes what confines it: seccomp, landlock_*, pkey_*, syslog",
          317, 444, 445, 446, 329, 330, 103),
    calls("scheduling", "takes more processor and memory: sched_setattr, setpriority, mlockall, mbind",
          314, 142, 144, 203, 141, 151, 149, 237, 256, 279, 251),
    calls("descriptors that count", "makes descriptors for events: eventfd2, signalfd4, timerfd_create, pidfd_open",
          290, 289, 283, 434, 438),
    refused(_KIND, "switches of the process", "changes itself by prctl: dumpable, subreaper, tracer, no_new_privs", """
        options = (1, 4, 8, 10, 14, 22, 24, 26, 28, 29, 33, 35, 36, 38, 39, 40, 41, 44, 47, 50, 52, 53, 55, 59, 62, 65,
                   0x59616D61, 0x53564D41)
        all_refused(*(raw(157, option, 1, 0, 0, 0) for option in options))
    """),
    # 335 and 336 are let past every filter by newer kernels, which end the process that calls them (uretprobe, uprobe)
    refused(_KIND, "all other numbers", "tries every number that the kernel could know and no list names", """
        unnamed = [*range(337, 424), *range(449, 600), 1000, 65535, (1 << 30) - 1]
        all_refused(*(raw(number, 0, 0, 0, 0, 0, 0) for number in unnamed))
    """),
    refused(_KIND, "numbers of the x32 interface", "makes calls by their second numbers", """
        all_refused(*(raw(0x40000000 + number, 0, 0, 0, 0, 0) for number in (39, 41, 56, 57, 59, 101, 520, 521, 545)))
    """),
    refused(_KIND, "controls of devices", "types into terminals and changes descriptors by ioctl", """
        import fcntl
        all_refused(*(lambda fd=fd, request=request: fcntl.ioctl(fd, request, bytes(64))
                      for fd in (0, 1, 2)
                      for request in (0x5401, 0x5412, 0x5413, 0x5422, 0x541C, 0x8901, 0xC0481273, 0x801C581F)))
    """),
    stopped(_KIND, "32-bit interface", "makes a call through int 0x80, whose numbers mean something else",
            'CODE = "b802000000cd804898c3"\n' + MACHINE_CODE, "error", says="SIGSYS"),
    stopped(_KIND, "machine code", "forks by an instruction of its own", 'CODE = "b8390000000f05c3"\n' + MACHINE_CODE,
            "error",
            says="PermissionError"),
)  # fmt: skip
