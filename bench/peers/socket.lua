-- luasocket and luasec with lua-cjson. Their own HTTP modules close the
-- connection after each request, so the little that is needed to keep it is
-- written here, as a script that cares would have it.

local cjson = require "cjson"
local socket = require "socket"

local harness = require "bench.peers.harness"

local function connect(run)
  local scheme, host, port = run.base:match("^(%a+)://([^:]+):(%d+)$")
  local connection = assert(socket.connect(host, port))
  connection:setoption("tcp-nodelay", true)
  if scheme == "https" then
    connection = assert(require("ssl").wrap(connection, {
      mode = "client", protocol = "any", verify = "peer",
      options = { "all" }, cafile = run.ca_file,
    }))
    assert(connection:dohandshake())
  end
  return connection, host .. ":" .. port
end

local function new_session(run)
  local connection, host = connect(run)
  local head = " HTTP/1.1\r\nHost: " .. host
    .. "\r\nAuthorization: Bearer bench\r\nAccept: */*\r\n\r\n"
  return function(path)
    assert(connection:send("GET " .. path .. head))
    assert(assert(connection:receive("*l")):find("^HTTP/1%.1 200"))
    local length, link
    for line in function() return assert(connection:receive("*l")) end do
      if line == "" then break end
      local name, value = line:match("^([^:]+):%s*(.*)$")
      name = name:lower()
      if name == "content-length" then
        length = tonumber(value)
      elseif name == "link" then
        link = value:match('<%a+://[^/]+([^>]*)>; rel="next"')
      end
    end
    local body = assert(connection:receive(length))
    return cjson.decode(body), link
  end
end

local operations = {}

function operations.get(run, tally)
  local get = new_session(run)
  for i = 0, run.count - 1 do
    tally.connector((get(harness.path(i))))
  end
end

function operations.list(run, tally)
  local get = new_session(run)
  for _ = 1, run.count do
    tally.connectors((get("/v1/connectors")))
  end
end

-- One after another: there is nothing in these libraries that runs requests
-- side by side.
operations["map-in-turn"] = function(run, tally)
  local get = new_session(run)
  for i = 0, run.count - 1 do
    tally.licenses((get(harness.path(i) .. "/licenses")))
  end
end

function operations.walk(run, tally)
  local get = new_session(run)
  local path = "/v1/connectors?limit=1000"
  repeat
    local list
    list, path = get(path)
    tally.connectors(list)
  until not path
end

harness.main(operations)
