"""Python's httpx: a client that keeps its connections, HTTP/2 over TLS."""

import asyncio

import h2.connection  # noqa: F401  loaded here, so that its cost is not timed
import httpx

import harness


def options(run):
    return {
        "base_url": run.base,
        "verify": run.ca_file,
        "http2": run.base.startswith("https"),
        "headers": {"Authorization": "Bearer bench"},
        "limits": httpx.Limits(max_connections=run.width),
        "timeout": 60,
    }


def get(run, tally):
    with httpx.Client(**options(run)) as client:
        for i in range(run.count):
            tally.connector(client.get(harness.path(i)).json())


def list_all(run, tally):
    with httpx.Client(**options(run)) as client:
        for _ in range(run.count):
            tally.connectors(client.get("/v1/connectors").json())


def map_all(run, tally):
    async def worker(client, indices):
        for i in indices:
            response = await client.get(harness.path(i) + "/licenses")
            tally.licenses(response.json())

    async def all_workers():
        async with httpx.AsyncClient(**options(run)) as client:
            indices = iter(range(run.count))
            await asyncio.gather(
                *(worker(client, indices) for _ in range(run.width)))

    asyncio.run(all_workers())


def walk(run, tally):
    with httpx.Client(**options(run)) as client:
        url = "/v1/connectors?limit=1000"
        while url:
            response = client.get(url)
            tally.connectors(response.json())
            url = response.links.get("next", {}).get("url")


harness.main({"get": get, "list": list_all, "map": map_all, "walk": walk})
