--- How each peer is started, and what has to be there for it.

local commands = {}

local LUA_CODEC = "$lua $peers/codec.lua "
local NEEDS_CELIGO = [[$lua -e 'require "celigo"']]
local NEEDS_CJSON = [[$lua -e 'require "cjson"']]
local NEEDS_PLAIN = [[$lua -e 'require "cjson" require "bench.plain"']]
local NEEDS_SOCKET = [[$lua -e 'require "cjson" require "ssl"']]
local NEEDS_NODE = "$node -e fetch"

-- Peers of the HTTP workloads take OPERATION BASE CA_FILE COUNT WIDTH. Every
-- one trusts the system's authorities and ours: celigo and Node add what they
-- are given to the system's, the others get one file with both.
local HTTP = {
  celigo = { "$lua $peers/celigo.lua", needs = NEEDS_CELIGO, adds = true },
  c = { "$bin/limit", needs = "test -x $bin/limit" },
  plain = { "$lua $peers/plain.lua", needs = NEEDS_PLAIN },
  socket = { "$lua $peers/socket.lua", needs = NEEDS_SOCKET },
  requests = { "$python $peers/use_requests.py",
    needs = "$python -c 'import requests'" },
  httpx = { "$python $peers/use_httpx.py",
    needs = "$python -c 'import httpx, h2'" },
  fetch = { "$node $peers/fetch.mjs", needs = NEEDS_NODE, adds = true },
}

-- Peers of the JSON workloads take OPERATION FILE COUNT.
local CODEC = {
  celigo = { LUA_CODEC .. "celigo", needs = NEEDS_CELIGO },
  cjson = { LUA_CODEC .. "cjson", needs = NEEDS_CJSON },
  tape = { LUA_CODEC .. "tape",
    needs = [[$lua -e 'require "cjson" require "bench.tape"']] },
  python = { "$python $peers/codec.py", needs = "$python -c 'import json'" },
  node = { "$node $peers/codec.mjs", needs = NEEDS_NODE },
}

local REQUIRE = {
  celigo = { "$lua $peers/require.lua celigo", needs = NEEDS_CELIGO },
  cjson = { "$lua $peers/require.lua cjson", needs = NEEDS_CJSON },
  plain = { "$lua $peers/require.lua bench.plain cjson",
    needs = NEEDS_PLAIN },
}

local function quote(text)
  return "'" .. tostring(text):gsub("'", [['\'']]) .. "'"
end

local function expand(command, context)
  return (command:gsub("%$(%l+)", function(name)
    return quote(context[name])
  end))
end

--- The environment in which every peer runs: the caller's proxies and trust
-- anchors are not for it.
local function environment(context)
  return ('env -i PATH="$PATH" HOME="$HOME" LUA_PATH=%s LUA_CPATH=%s '
    .. "NODE_EXTRA_CA_CERTS=%s PYTHONDONTWRITEBYTECODE=1 "):format(
    quote(context.lua_path), quote(context.lua_cpath),
    quote(context.servers.ca_file))
end

--- The row of a peer in a workload. "NAME in turn" is NAME with its operation
-- "…-in-turn": one request after another.
local function row_of(workload, peer)
  local name, in_turn = peer:gsub(" in turn$", "")
  local rows = workload.server and HTTP
    or workload.operation == "require" and REQUIRE
    or CODEC
  return rows[name], workload.operation .. (in_turn > 0 and "-in-turn" or "")
end

--- The shell command that runs a peer through `measure`.
-- @tparam table context lua, python, node (commands), bin and peers
-- (directories), servers (see bench/nginx.lua), www, lua_path, lua_cpath
function commands.run(workload, peer, count, context)
  local row, operation = row_of(workload, peer)
  local arguments = {}
  if workload.server then
    local servers = context.servers
    local base = servers[workload.server]
    local ca_file = base:find("^http:") and ""
      or row.adds and servers.ca_file
      or servers.bundle
    arguments = { operation, base, ca_file, count, context.width }
  elseif workload.file then
    arguments = { operation, ("%s/%s.json"):format(context.www,
      workload.file), count }
  end
  for i, argument in ipairs(arguments) do
    arguments[i] = quote(argument)
  end
  return environment(context) .. expand("$bin/measure ", context)
    .. expand(row[1], context) .. " " .. table.concat(arguments, " ")
end

--- Whether all that a peer needs is installed.
function commands.available(workload, peer, context)
  local row = row_of(workload, peer)
  return (os.execute(environment(context) .. expand(row.needs, context)
    .. " >/dev/null 2>&1"))
end

return commands
