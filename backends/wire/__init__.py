"""Bytes into values and back: no connection, no clock.

A wire is two halves. Writing is a function, ``encode(request, ...)``, that gives the JSON object to send. Reading is an
object that lives as long as one answer: ``read(frame)`` turns a frame of a stream into deltas, ``read_whole(body)`` an
answer that was not streamed, and ``finish()`` gives the last deltas once no more frames come.
"""
