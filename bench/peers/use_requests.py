"""Python's requests: a session that keeps its connections."""

from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter

import harness


def session(run):
    s = requests.Session()
    s.verify = run.ca_file
    s.headers["Authorization"] = "Bearer bench"
    pool = HTTPAdapter(pool_connections=1, pool_maxsize=run.width)
    s.mount("http://", pool)
    s.mount("https://", pool)
    return s


def get(run, tally):
    with session(run) as s:
        for i in range(run.count):
            tally.connector(s.get(run.base + harness.path(i)).json())


def list_all(run, tally):
    with session(run) as s:
        for _ in range(run.count):
            tally.connectors(s.get(run.base + "/v1/connectors").json())


def map_all(run, tally):
    def licenses(i):
        return s.get(run.base + harness.path(i) + "/licenses").json()

    with session(run) as s, ThreadPoolExecutor(run.width) as pool:
        for records in pool.map(licenses, range(run.count)):
            tally.licenses(records)


def walk(run, tally):
    with session(run) as s:
        url = run.base + "/v1/connectors?limit=1000"
        while url:
            response = s.get(url)
            tally.connectors(response.json())
            url = response.links.get("next", {}).get("url")


harness.main({"get": get, "list": list_all, "map": map_all, "walk": walk})
