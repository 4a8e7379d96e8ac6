#!/usr/bin/env python3
"""elsewhere.py [lengths]: an S3 service that takes as little of this machine as one elsewhere would.

It keeps in memory what is put, or of objects only their lengths, and believes every signature: what a service makes of
requests is shown by the tests, which have a real one. Prints its port and takes orders, as proxy.py does, and two more:

    {"order": "forget"}    all but each store's repo.json
    {"order": "lose", "key": "bucket/prefix/name"}    one of them
"""
import socket
import sys
import threading
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import proxy


class Length:
    """Of a body that was not kept."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


class Objects:
    def __init__(self):
        self.lock = threading.Lock()
        self.bodies = {}

    def put(self, key, body, create_only):
        with self.lock:
            if create_only and key in self.bodies:
                return False
            self.bodies[key] = (body, formatdate(usegmt=True))
            return True

    def listing(self, bucket, prefix):
        with self.lock:
            found = sorted((key, len(body)) for key, (body, _) in self.bodies.items() if key.startswith(f"{bucket}/{prefix}"))
        entries = "".join(f"<Contents><Key>{escape(key[len(bucket) + 1:])}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                          f"<Size>{size}</Size></Contents>" for key, size in found)
        return f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()


class Request(proxy.Exchange):
    """One request, answered from memory."""

    def __init__(self, client, objects, lengths_only, line, rules):
        super().__init__(client, None, line, rules)
        self.objects = objects
        self.lengths_only = lengths_only
        parts = urlsplit(self.path)
        self.key = unquote(parts.path).lstrip("/")
        self.query = parse_qs(parts.query)

    def take_body(self):
        return self.drop_body() if self.lengths_only and "/objects/" in self.key else self.keep_body()

    # The kernel discards what nobody wants (tcp(7), MSG_TRUNC).
    def drop_body(self):
        left = self.length - len(self.client.kept[:self.length])
        self.client.kept = self.client.kept[self.length:]
        room = bytearray(8 * proxy.PIECE)
        while left > 0:
            got = self.client.connection.recv_into(room, min(left, len(room)), socket.MSG_TRUNC | socket.MSG_WAITALL)
            if not got:
                raise proxy.Gone
            self.line.take(got)
            left -= got
        return Length(self.length)

    def keep_body(self):
        body = bytearray(self.length)
        into = memoryview(body)
        kept = self.client.kept[:self.length]
        self.client.kept = self.client.kept[len(kept):]
        into[:len(kept)] = kept
        at = len(kept)
        while at < self.length:
            got = self.client.connection.recv_into(into[at:at + 8 * proxy.PIECE], 0, socket.MSG_WAITALL)
            if not got:
                raise proxy.Gone
            self.line.take(got)
            at += got
        return body

    def answer(self, status, body=b"", **headers):
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        length = headers.get("Content_Length", len(body))
        head += "" if "Content_Length" in headers else f"Content-Length: {length}\r\n"
        self.client.send(f"HTTP/1.1 {status} -\r\n{head}\r\n".encode() + (b"" if self.method == "HEAD" else bytes(body)))

    def error(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode(), Content_Type="application/xml")

    def do_forward(self):
        body = self.take_body()
        getattr(self, "on_" + self.method.lower())(body)

    def on_put(self, body):
        if "/" not in self.key:
            return self.answer(200)
        if not self.objects.put(self.key, body, proxy.header(self.headers, "if-none-match") == "*"):
            return self.error(412, "PreconditionFailed")
        return self.answer(200, ETag='"00000000000000000000000000000000"')

    def on_get(self, _body):
        if "list-type" in self.query:
            return self.answer(200, self.objects.listing(self.key.rstrip("/"), self.query.get("prefix", [""])[0]))
        found = self.objects.bodies.get(self.key)
        if not found:
            return self.error(404, "NoSuchKey")
        body, modified = found
        wanted = proxy.header(self.headers, "range")
        if not wanted:
            return self.answer(200, body, Last_Modified=modified)
        first, last = wanted.split("=")[1].split("-")
        first, last = int(first), min(int(last or len(body) - 1), len(body) - 1)
        if first >= len(body):
            return self.error(416, "InvalidRange")
        piece = memoryview(body)[first:last + 1]
        self.line.take(len(piece))
        return self.answer(206, piece, Content_Range=f"bytes {first}-{last}/{len(body)}", Last_Modified=modified)

    def on_head(self, _body):
        found = self.objects.bodies.get(self.key)
        if not found:
            return self.answer(404)
        return self.answer(200, Content_Length=len(found[0]), Last_Modified=found[1])

    def on_delete(self, _body):
        with self.objects.lock:
            self.objects.bodies.pop(self.key, None)
        self.answer(204)


class Elsewhere(proxy.Proxy):
    def __init__(self, lengths_only):
        super().__init__("127.0.0.1:0")
        self.objects = Objects()
        self.lengths_only = lengths_only

    def exchange(self, client, _service):
        return Request(client, self.objects, self.lengths_only, self.line, self.rules)

    def obey(self, order):
        if order["order"] == "forget":
            with self.objects.lock:
                self.objects.bodies = {key: kept for key, kept in self.objects.bodies.items() if key.endswith("/repo.json")}
        elif order["order"] == "lose":
            self.objects.bodies.pop(order["key"])
        return super().obey(order)


if __name__ == "__main__":
    proxy.obey_orders(Elsewhere(sys.argv[1:] == ["lengths"]))
