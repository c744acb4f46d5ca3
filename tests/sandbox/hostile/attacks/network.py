"""Programs that talk to someone: over every kind of socket, and what makes one."""

from attacks.attack import Attack, refused

_KIND = "network"

ATTACKS: tuple[Attack, ...] = (
    refused(_KIND, "TCP", "connects to a server that listens, and listens itself", """
        import socket
        def listen():
            with socket.create_server(("127.0.0.1", 0)) as server:
                return server.getsockname()
        all_refused(lambda: socket.create_connection(("127.0.0.1", PORT), 1).send(b"hostile"), listen,
                    lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
    """),
    refused(_KIND, "UDP", "sends a datagram to a server and to everyone", """
        import socket
        def send(address):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                return s.sendto(b"hostile", address)
        all_refused(*(lambda to=to: send(to) for to in (("127.0.0.1", PORT), ("255.255.255.255", 9), ("8.8.8.8", 53))))
    """),
    refused(_KIND, "Unix socket by path", "talks to a server through a socket file that everyone may use", """
        import socket
        def talk(kind, path):
            with socket.socket(socket.AF_UNIX, kind) as s:
                s.connect(path)
                return s.send(b"hostile")
        all_refused(lambda: talk(socket.SOCK_STREAM, OUTSIDE + "/socket"), lambda: talk(socket.SOCK_DGRAM, "/dev/log"),
                    lambda: open(OUTSIDE + "/socket", "wb"))
    """),
    refused(_KIND, "abstract Unix socket", "talks to a server through a socket that has no file", """
        import socket
        def talk():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.connect(ABSTRACT)
                return s.send(b"hostile")
        def serve():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.bind(chr(0) + "hostile-server")
        all_refused(talk, serve, lambda: socket.socketpair())
    """),
    refused(_KIND, "names", "asks for the address of a host", """
        import socket
        def resolve(ask):
            try:
                return ask()
            except socket.gaierror as error:  # no file to read, no server to ask
                raise PermissionError(errno.EPERM, str(error)) from None
        all_refused(lambda: resolve(lambda: socket.getaddrinfo("localhost", 80)),
                    lambda: resolve(lambda: socket.gethostbyname("example.org")),
                    lambda: resolve(lambda: socket.getaddrinfo("example.org", 443, type=socket.SOCK_DGRAM)))
    """),
    refused(_KIND, "raw and kernel sockets", "opens raw, packet, netlink, vsock, alg, bluetooth and XDP sockets", """
        import socket
        all_refused(*(lambda family=family, kind=kind: socket.socket(family, kind, 0)
                      for family in (socket.AF_INET, 17, 16, 40, 38, 31, 29, 44, 1, 15, 21, 43)
                      for kind in (1, 2, 3, 5)))
    """),
    refused(_KIND, "libraries", "uses what is built on sockets", """
        import asyncio, http.client, urllib.request, xmlrpc.client, ftplib, smtplib, selectors
        def hidden(error):
            return error.reason if isinstance(getattr(error, "reason", None), OSError) else error
        def fetch():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{PORT}", timeout=1)
            except urllib.error.URLError as error:
                raise error.reason from None
        all_refused(fetch, lambda: http.client.HTTPConnection("127.0.0.1", PORT, timeout=1).request("GET", "/"),
                    lambda: asyncio.run(asyncio.sleep(0)), lambda: smtplib.SMTP("127.0.0.1", PORT, timeout=1))
    """),
    refused(_KIND, "system calls", "makes, accepts and uses sockets by the numbers of the calls", """
        numbers = (41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 288, 299, 307)
        all_refused(*(raw(number, a, 1, 0, 0, 0, 0) for number in numbers for a in (1, 2)))
    """),
    refused(_KIND, "socket by another way", "makes a socket through io_uring or takes one of another process", """
        parameters = ctypes.create_string_buffer(120)
        all_refused(raw(425, 4, parameters), raw(426, 3, 1, 0, 0, None, 0), raw(427, 3, 0, None, 0), raw(438, 3, 3, 0),
                    raw(424, 3, 9, None, 0))
    """),
)  # fmt: skip
