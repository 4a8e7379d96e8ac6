#!/usr/bin/env python3
"""proxy.py HOST:PORT: an HTTP proxy in front of a service, which does to requests what it is told to.

Prints the port it listens on, then reads orders, one JSON object a line, from standard input and answers each with one
line. Ends with its standard input, so that it never outlives a test.

    {"order": "rules", "rules": [...]}   from now on; requests are numbered from 1 again, the log is empty
    {"order": "log"}                     -> [{"n": 1, "method": "PUT", "path": "/b/k", "status": 200, "rule": "drop", "at": seconds}, ...]
    {"order": "line", "delay": seconds before a request goes on, "rate": bytes a second, both ways together (0: any),
     "loss": of packets, each of which costs its connection one more delay}

A rule holds for requests that fit all of "n" (their number), "method", "path" (a regular expression) and "key" (the access
key that signed them) that it has; not for the first "skip" of them (0), and "times" times at most (1; 0 for ever). The
first that fits is followed. What it "do"es:

    drop     ends the connection before anything of the request went on
    reset    resets it in the middle of the body, of the request or else of the answer
    answer   gives "status", "headers" and "body" for an answer; the service never hears of the request
    delay    says nothing for "seconds"; the service never hears of the request
    slow     hands the request on after "seconds"
    lost     hands the request on, and ends the connection instead of handing back what the service answered
    cut      ends the connection in the middle of the answer
    etag     hands back another ETag than the service gave

The header Host goes on as it came: it is signed.
"""
import json
import random
import re
import socket
import struct
import sys
import threading
import time

PIECE = 64 << 10
PACKET = 1460


class Gone(Exception):
    """The other end, or the rule, has ended the connection."""


class Line:
    """What goes through is delayed, and no faster than `rate`."""

    def __init__(self):
        self.delay = 0.0
        self.loss = 0.0
        self.rate = 0
        self.lock = threading.Lock()
        self.free_at = 0.0

    def take(self, size):
        if self.loss:
            whole = (1 - self.loss) ** (PIECE / PACKET)
            lost = sum(random.random() > whole for _ in range(size // PIECE))
            lost += random.random() > (1 - self.loss) ** (size % PIECE / PACKET)
            if lost:
                time.sleep(lost * self.delay)
        if not self.rate:
            return
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            wait = self.free_at - time.monotonic()
        if wait > 0:
            time.sleep(wait)


class Rules:
    def __init__(self):
        self.lock = threading.Lock()
        self.replace([])

    def replace(self, rules):
        with self.lock:
            self.rules = [dict(rule, skip=rule.get("skip", 0), left=rule.get("times", 1) or float("inf")) for rule in rules]
            self.log = []

    def enter(self, method, path, signature):
        """The log's entry of this request, and the rule to follow."""
        with self.lock:
            entry = {"n": len(self.log) + 1, "method": method, "path": path, "status": None, "rule": None, "at": round(time.monotonic(), 3)}
            self.log.append(entry)
            for rule in self.rules:
                if rule["left"] > 0 and self.fits(rule, entry) and f"={rule.get('key', '')}" in signature:
                    rule["skip"] -= 1
                    if rule["skip"] >= 0:
                        continue
                    rule["left"] -= 1
                    entry["rule"] = rule["do"]
                    return entry, rule
            return entry, {"do": "forward"}

    @staticmethod
    def fits(rule, entry):
        return (rule.get("n", entry["n"]) == entry["n"] and rule.get("method", entry["method"]) == entry["method"]
                and re.search(rule.get("path", ""), entry["path"]) is not None)


class Stream:
    """One end of a connection, read by lines and by lengths."""

    def __init__(self, connection):
        self.connection = connection
        self.kept = b""

    def more(self):
        try:
            piece = self.connection.recv(PIECE)
        except OSError as error:
            raise Gone from error
        if not piece:
            raise Gone
        return piece

    def head(self):
        while b"\r\n\r\n" not in self.kept:
            self.kept += self.more()
        head, self.kept = self.kept.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        return lines[0], [line.split(":", 1) for line in lines[1:]]

    def pieces(self, length):
        while length > 0:
            piece = self.kept[:length] or self.more()
            self.kept = self.kept[len(piece):] if self.kept else piece[length:]
            piece = piece[:length]
            length -= len(piece)
            yield piece

    def line(self):
        while b"\r\n" not in self.kept:
            self.kept += self.more()
        line, self.kept = self.kept.split(b"\r\n", 1)
        return line

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Gone from error


def header(headers, name):
    return next((value.strip() for found, value in headers if found.lower() == name), None)


def head_bytes(first, headers):
    return (first + "\r\n" + "".join(f"{name}:{value}\r\n" for name, value in headers) + "\r\n").encode("latin-1")


def answer_body(answer, method, status, headers):
    """The body of an answer as it comes, framing and all."""
    if method == "HEAD" or status in (204, 304) or status < 200:
        return
    if (header(headers, "transfer-encoding") or "").lower() == "chunked":
        while True:
            line = answer.line()
            size = int(line.split(b";")[0], 16)
            yield line + b"\r\n"
            yield from answer.pieces(size + 2)
            if size == 0:
                return
    yield from answer.pieces(int(header(headers, "content-length") or 0))


class Exchange:
    """One request of a client, and what becomes of it."""

    def __init__(self, client, service, line, rules):
        self.client, self.service, self.line = client, service, line
        self.first, self.headers = client.head()
        self.method, self.path, _ = self.first.split(" ", 2)
        self.length = int(header(self.headers, "content-length") or 0)
        self.entry, self.rule = rules.enter(self.method, self.path, header(self.headers, "authorization") or "=")

    def run(self):
        if self.line.delay:
            time.sleep(self.line.delay)
        getattr(self, "do_" + self.rule["do"])()
        if (header(self.headers, "connection") or "").lower() == "close":
            raise Gone

    def skip_body(self):
        for piece in self.client.pieces(self.length):
            self.line.take(len(piece))

    def hand_on(self):
        upstream = self.service()
        upstream.send(head_bytes(self.first, self.headers))
        for piece in self.client.pieces(self.length):
            self.line.take(len(piece))
            upstream.send(piece)
        return upstream

    def answer_head(self, upstream):
        while True:
            first, headers = upstream.head()
            status = int(first.split(" ")[1])
            if status >= 200:
                self.entry["status"] = status
                return first, status, headers

    def hand_back(self, upstream, change=lambda headers: headers, most=None):
        first, status, headers = self.answer_head(upstream)
        self.client.send(head_bytes(first, change(headers)))
        given = 0
        for piece in answer_body(upstream, self.method, status, headers):
            self.line.take(len(piece))
            if most is not None and given + len(piece) > most:
                self.client.send(piece[:max(0, most - given)])
                raise Gone
            self.client.send(piece)
            given += len(piece)
        if "close" in (header(headers, "connection") or "").lower():
            raise Gone

    def abort(self):
        # Closing sends RST instead of FIN.
        self.client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def do_forward(self):
        self.hand_back(self.hand_on())

    def do_drop(self):
        raise Gone

    def do_reset(self):
        if self.length:
            upstream = self.service()
            upstream.send(head_bytes(self.first, self.headers))
            for piece in self.client.pieces(self.length // 2):
                upstream.send(piece)
            upstream.connection.close()
            self.abort()
        try:
            self.do_cut()
        except Gone:
            self.abort()

    def do_answer(self):
        self.skip_body()
        body = self.rule.get("body", "").encode()
        headers = dict({"Content-Length": str(len(body)), "Content-Type": "application/xml"}, **self.rule.get("headers", {}))
        self.entry["status"] = self.rule["status"]
        self.client.send(head_bytes(f"HTTP/1.1 {self.rule['status']} Answered", [(n, " " + v) for n, v in headers.items()])
                         + (b"" if self.method == "HEAD" else body))

    def do_delay(self):
        self.skip_body()
        time.sleep(self.rule["seconds"])
        raise Gone

    def do_slow(self):
        time.sleep(self.rule["seconds"])
        self.do_forward()

    def do_lost(self):
        upstream = self.hand_on()
        _, status, headers = self.answer_head(upstream)
        for _ in answer_body(upstream, self.method, status, headers):
            pass
        raise Gone

    def do_cut(self):
        upstream = self.hand_on()
        first, status, headers = self.answer_head(upstream)
        body = b"".join(answer_body(upstream, self.method, status, headers))
        whole = head_bytes(first, headers) + body
        self.client.send(whole[:-((len(body) or len(whole)) // 2)])
        raise Gone

    def do_etag(self):
        def change(headers):
            return [[name, ' "0123456789abcdef0123456789abcdef"' if name.lower() == "etag" else value]
                    for name, value in headers]
        self.hand_back(self.hand_on(), change)


class Proxy:
    def __init__(self, service):
        host, port = service.rsplit(":", 1)
        self.address = (host, int(port))
        self.line = Line()
        self.rules = Rules()

    def connect(self):
        try:
            connection = socket.create_connection(self.address, timeout=60)
        except OSError as error:
            raise Gone from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Stream(connection)

    def exchange(self, client, service):
        return Exchange(client, service, self.line, self.rules)

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Stream(connection)
        upstreams = []

        def service():
            if not upstreams:
                upstreams.append(self.connect())
            return upstreams[0]

        try:
            while True:
                self.exchange(client, service).run()
        except Gone:
            pass
        finally:
            for end in [client] + upstreams:
                end.connection.close()

    def listen(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        # A line holds little of what it has not carried yet.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
        print(listener.getsockname()[1], flush=True)

        def accept():
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def obey(self, order):
        if order["order"] == "rules":
            self.rules.replace(order["rules"])
        elif order["order"] == "line":
            self.line.delay, self.line.rate, self.line.loss = (order.get(word, 0) for word in ("delay", "rate", "loss"))
        elif order["order"] == "log":
            with self.rules.lock:
                return self.rules.log
        return "done"


def obey_orders(proxy):
    proxy.listen()
    for order in sys.stdin:
        print(json.dumps(proxy.obey(json.loads(order))), flush=True)


if __name__ == "__main__":
    obey_orders(Proxy(sys.argv[1]))
