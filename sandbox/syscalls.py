"""Numbers of the system calls that the sandbox names, for the two machines it knows.

Source: the Linux headers asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64); "-" where a machine has
no such call. The numbers are part of the kernel's stable interface and never change.
"""

import functools

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*, linux/audit.h

# name, x86_64, aarch64: allowed whatever the arguments are
_HARMLESS = """
read 0 63  write 1 64  readv 19 65  writev 20 66  pread64 17 67  pwrite64 18 68  preadv 295 69  pwritev 296 70
lseek 8 62  close 3 57  close_range 436 436  dup 32 23  dup2 33 -  dup3 292 24  pipe 22 -  pipe2 293 59
creat 85 -  access 21 -  faccessat 269 48  faccessat2 439 439  stat 4 -  lstat 6 -
fstat 5 80  newfstatat 262 79  statx 332 291  statfs 137 43  fstatfs 138 44  readlink 89 -  readlinkat 267 78
getdents64 217 61  getcwd 79 17  chdir 80 49  fchdir 81 50  mkdir 83 -  mkdirat 258 34  rmdir 84 -
unlink 87 -  unlinkat 263 35  rename 82 -  renameat 264 38  renameat2 316 276  link 86 -  linkat 265 37  symlink 88 -
symlinkat 266 36  umask 95 166  ftruncate 77 46  fallocate 285 47  fsync 74 82  fdatasync 75 83  flock 73 32
fadvise64 221 223  sendfile 40 71  copy_file_range 326 285
mmap 9 222  munmap 11 215  mprotect 10 226  mremap 25 216  brk 12 214  madvise 28 233
select 23 -  pselect6 270 72  poll 7 -  ppoll 271 73  nanosleep 35 101  clock_nanosleep 230 115
clock_gettime 228 113  clock_getres 229 114  gettimeofday 96 169  time 201 -  times 100 153
getitimer 36 102  setitimer 38 103  alarm 37 -  pause 34 -
rt_sigaction 13 134  rt_sigprocmask 14 135  rt_sigreturn 15 139  rt_sigpending 127 136
rt_sigtimedwait 128 137  rt_sigsuspend 130 133  sigaltstack 131 132  restart_syscall 219 128
set_robust_list 273 99  get_robust_list 274 100  set_tid_address 218 96  rseq 334 293  futex 202 98
sched_yield 24 124  sched_getaffinity 204 123  exit 60 93  exit_group 231 94  wait4 61 260  waitid 247 95
getpid 39 172  getppid 110 173  gettid 186 178  getuid 102 174  geteuid 107 175  getgid 104 176
getegid 108 177  getresuid 118 148  getresgid 120 150  getgroups 115 158  getpgrp 111 -  getpgid 121 155  getsid 124 156
getrlimit 97 163  setrlimit 160 164  getrusage 98 165  getpriority 140 141  sysinfo 99 179  uname 63 160
getrandom 318 278  getcpu 309 168
"""

# allowed for some arguments only (seccomp.py), or called by the sandbox itself where no filter is in force
_NAMED = """
open 2 -  openat 257 56  fcntl 72 25  ioctl 16 29  clone 56 220  clone3 435 435  kill 62 129  tgkill 234 131
prlimit64 302 261  prctl 157 167
capset 126 91  socket 41 198  memfd_create 319 279
"""

# what a nursery may call besides, to start processes and to put walls around them
_OF_NURSERY = """
fork 57 -  setsid 112 157  recvmsg 47 212  pidfd_open 434 434
landlock_create_ruleset 444 444  landlock_add_rule 445 445  landlock_restrict_self 446 446  seccomp 317 277
"""


@functools.cache
def _column(table: str, machine: str) -> dict[str, int]:
    words = table.split()
    numbers = words[1::3] if machine == "x86_64" else words[2::3]
    return {name: int(n) for name, n in zip(words[::3], numbers, strict=True) if n != "-"}


def harmless(machine: str) -> dict[str, int]:
    """Returns {name: number} of the calls that are allowed with any arguments on `machine`."""
    return _column(_HARMLESS, machine)


def of_nursery(machine: str) -> dict[str, int]:
    """Returns {name: number} of the calls that a nursery may make besides the harmless ones on `machine`."""
    return _column(_OF_NURSERY, machine)


def named(machine: str) -> dict[str, int]:
    """Returns {name: number} of the calls that the sandbox names for another reason on `machine`."""
    return _column(_NAMED, machine)
