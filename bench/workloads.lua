--- What is measured: the workloads, who takes part, and the targets.
--
-- A target bounds this library's figure by a peer's: `cpu` and `wall` as a
-- multiple of it, `rss` as megabytes above it.

local data = require "bench.data"

local EVERYONE =
  { "celigo", "c", "plain", "socket", "requests", "httpx", "fetch" }
local SIDE_BY_SIDE = { "celigo", "c", "plain", "plain in turn",
  "socket in turn", "requests", "httpx", "fetch" }
local DECODERS = { "celigo", "tape", "cjson", "python", "node" }
local ENCODERS = { "celigo", "cjson", "python", "node" }

local workloads = {
  {
    id = "W1",
    title = "sequential get_connector_by_id, HTTP/1.1",
    server = "http", operation = "get", count = 2000, peers = EVERYONE,
    targets = {
      { peer = "plain", cpu = 0.85 },
      { peer = "c", cpu = 1.45 },
    },
  },
  {
    id = "W1-h2",
    title = "the same, TLS and HTTP/2",
    server = "tls2", operation = "get", count = 2000, peers = EVERYONE,
  },
  {
    id = "W2",
    title = "list_connectors of 1,000 records (1 MB), HTTP/1.1",
    server = "http", operation = "list", count = 50, peers = EVERYONE,
    targets = {
      { peer = "plain", cpu = 0.60 },
      { peer = "httpx", cpu = 0.85 },
    },
  },
  {
    id = "W2-h2",
    title = "the same, TLS and HTTP/2",
    server = "tls2", operation = "list", count = 50, peers = EVERYONE,
  },
  {
    id = "W3",
    title = "list_connector_licenses (20 each), 16 at a time, HTTP/1.1",
    server = "http", operation = "map", count = 500, peers = SIDE_BY_SIDE,
    targets = { { peer = "plain", cpu = 0.65 } },
  },
  {
    id = "W3-h2",
    title = "the same, TLS and HTTP/2",
    server = "tls2", operation = "map", count = 500, peers = SIDE_BY_SIDE,
  },
  {
    id = "W3-tls",
    title = "the same, TLS and HTTP/1.1",
    server = "tls1", operation = "map", count = 500, peers = SIDE_BY_SIDE,
    targets = {
      { peer = "plain", cpu = 0.25 },
      { peer = "c", cpu = 1.5 },
    },
  },
  {
    id = "W4",
    title = "each_connector over 20 pages of 1,000 by Link, HTTP/1.1",
    server = "http", operation = "walk", count = 20, peers = EVERYONE,
    targets = {
      { peer = "plain", cpu = 0.40 },
      { peer = "c", rss = 4 },
    },
  },
  {
    id = "W4-h2",
    title = "the same, TLS and HTTP/2",
    server = "tls2", operation = "walk", count = 20, peers = EVERYONE,
  },
  {
    id = "W4-late",
    title = "the same, HTTP/1.1, each answer 50 ms late",
    server = "late", operation = "walk", count = 20, peers = EVERYONE,
    targets = { { peer = "c", wall = 1.02 } },
  },
  {
    id = "prefetch",
    title = "20 pages, each 50 ms late, 50 ms of other work on each",
    server = "late", operation = "consume", count = 20,
    peers = { "celigo", "celigo in turn", "c", "plain" },
    targets = { { peer = "celigo in turn", wall = 0.55 } },
  },
  {
    id = "fan-out",
    title = "160 license lists, each 50 ms late, 16 at a time",
    server = "late", operation = "map", count = 160,
    peers = { "celigo", "c", "plain", "requests", "httpx", "fetch" },
  },
  {
    id = "decode-1M",
    title = "JSON decode of 1 MB",
    operation = "decode", file = "page-0", count = 50, peers = DECODERS,
    targets = {
      { peer = "cjson", cpu = 0.60 },
      { peer = "tape", cpu = 1.25 },
    },
  },
  {
    id = "decode-1K",
    title = "JSON decode of 1 KB",
    operation = "decode", file = data.name("connector", 0), count = 30000,
    peers = DECODERS,
    targets = { { peer = "cjson", cpu = 0.65 } },
  },
  {
    id = "encode-1M",
    title = "JSON encode of 1 MB",
    operation = "encode", file = "page-0", count = 50, peers = ENCODERS,
    targets = { { peer = "cjson", cpu = 1.0 } },
  },
  {
    id = "encode-1K",
    title = "JSON encode of 1 KB",
    operation = "encode", file = data.name("connector", 0), count = 30000,
    peers = ENCODERS,
  },
  {
    -- Over in a moment, so each round takes it several times.
    id = "require",
    title = 'require of the module (plain: the binding and "cjson")',
    operation = "require", count = 1, repeats = 15,
    peers = { "celigo", "cjson", "plain" },
    targets = { { peer = "cjson", cpu = 3 } },
  },
}

return workloads
