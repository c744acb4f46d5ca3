"""Runs programs that nobody has read, with tests whose verdict the program cannot touch.

What is guaranteed, on Linux 5.13 or newer on x86_64 and aarch64, for root and for ordinary users alike:
- Two processes per run: one holds the program, one the tests. Both are forked from an interpreter that never
  runs foreign code (the nursery), so that no run sees anything of another. The tests call the program's functions
  over a pipe and compare what comes back, as data, with their own operators. The program is never told what
  is expected, so it has nothing to forge: replacing builtins or `==`, printing what a harness prints, walking
  frames, exiting with 0 or writing to the pipe changes what it answers, never what is asked. (remote.py,
  names.py)
- Both are confined before any foreign code runs: nobody instead of root, no capabilities, no_new_privs,
  resource limits, Landlock (read: the standard library, numpy, shared libraries; write: the run's own scratch
  folder), a seccomp allow-list (no sockets, no exec, no new process, no signals to others), an empty environment.
  The nursery has put up around itself all of this that is common to all runs; each process closes the rest. If any
  of it is missing, nothing is run and the result says what. (nursery.py, worker.py, confinement.py, landlock.py,
  seccomp.py)
- The run ends at its limits of time, memory, output and disk, with SIGKILL; a program has no way to start a
  process that could outlive it. The scratch folder is removed. (supervisor.py, scratch.py)
- When the process that uses the sandbox ends, however it does, so do the nursery and all that it started; when the
  nursery ends, so do its runs, and the next call starts another. (pool.py, nursery.py)

What is not:
- A program that computes the expected answer from the arguments alone, or knows it by heart, passes: that is a
  solution. What the setup holds, the program can read.
- What a test asks of the program's own objects is the program's word: a method that says True, an own `==`
  between two of its own objects, or a helper function that the test takes from the program. The classes of the
  setup are the program's too, with their methods; its functions are the tests'. What a test runs of what the program
  gives it, with eval, exec or pickle.loads, runs among the tests.
- Tests meet copies of plain values (standard.py lists them) and stand-ins of other objects. Identity is not kept for
  copies, an own object equals no plain value unless its type derives from a plain one, and names that a test binds are
  not seen by the program. What a test would have to show the program or hand over and cannot, such as arithmetic
  between the two or an object of a class of its own, makes its outcome an error that says what it needs, whatever the
  test makes of it. `type(x)` of a stand-in is the program's word. Its context managers suppress only what a test raises
  by name; a StopIteration from a call arrives as a RuntimeError, as from a generator; and an assertion that fails
  in a function which a test lent to the program fails the test, whatever the program makes of it.
- The kernel is trusted. That a file exists, its size and its times can be seen where the user's permissions
  show them. A program can use one processor for the time it is given, and for that time fill 64 files of the
  disk limit each if it deletes them while they are open.
- asyncio and multiprocessing do not work inside, since sockets and processes do not.
- All processes of a nursery have the same layout of memory, which a random one per process would hide better.
- A process that is killed leaves its folder behind; the next that uses the sandbox removes it.

Cost: with two workers a third of the time that as many bare starts of the interpreter take one after the other
(`python -m benchmarks execution`, on two busy processors; three quarters of it where the starts are two at a time as
well). The first call waits a quarter of a second for the nursery, which then stays, with 15 MB. A second one, which
has imported numpy, is started by the first program that mentions it, and stays with 27 MB: numpy's import costs ten
times as much as a run.
"""
