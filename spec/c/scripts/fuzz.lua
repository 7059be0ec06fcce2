-- A script made of bytes: each step of it is a call of something that the
-- library has, with values that steps before have left. Globals: client, url,
-- celigo, loop, look.

local input = ...
local at, depth = 0, 0

-- The next byte; 0 when there are no more.
local function byte()
  at = at + 1
  return input:byte(at) or 0
end

local function pick(list) return list[byte() % #list + 1] end

local pool = { client, client, client }
local function keep(...)
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    if type(v) == "string" then look(v) end
    if v ~= nil then pool[(#pool < 24 and #pool or byte() % 24) + 1] = v end
  end
  return ...
end

-- Looks at all of a value's strings, as far as a script gets.
local function examine(v, levels)
  look(tostring(v))
  if type(v) ~= "table" or levels == 0 then return end
  for k, x in pairs(v) do
    examine(k, levels - 1)
    examine(x, levels - 1)
  end
end

local step -- makes one step

local function nested(...)
  keep(...)
  if depth < 3 and at < #input then
    depth = depth + 1
    step()
    depth = depth - 1
  end
  return pick { nil, false, true, "text", 7, pool[1] }
end

local texts = { "", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", ".", "..", "-x", "a/b",
  "é", "\0", "\xff", "\u{202E}", ("x"):rep(5000), "54fa0b38a7044f9252000036" }

local function shared(levels)
  local v = { pick(texts) }
  for _ = 1, levels do v = { v, v } end
  return v
end

local function path() return "/v1/" .. pick(texts):gsub("[^%w]", "") .. pick { "", "?x=1", "?skip=2", "#", " " } end

local value -- makes a value

local names = { "timeout", "max_retries", "validate", "headers", "query", "follow", "limit", "dry_run", "prefetch",
  "method", "path", "body", "concurrency", "on_progress", "name", "email", "expires", "opts", "trialEnabled", "nope" }
local function options()
  local t = { path = byte() % 2 == 0 and path() or nil, timeout = pick { nil, 0.01, 1 } }
  for _ = 1, byte() % 4 do t[pick(names)] = value() end
  return t
end

local makers = {
  function() return pick(texts) end,
  function() return pick(texts) end,
  function() return byte() end,
  function() return pick { 0, -1, 0.5, 1e300, 0 / 0, math.maxinteger, true, false } end,
  function() return pick(pool) end,
  options,
  options,
  function()
    return { method = pick { "GET", "POST", "PUT", "DELETE", "PATCH", "get" }, path = path(), body = value() }
  end,
  function() -- seldom one that no limit lets pass, for that takes its time
    local levels = byte() % 64
    return shared(levels < 60 and levels % 10 or levels)
  end,
  function() return celigo.array { value() } end,
  function() return celigo.null end,
  function() return nested end,
  function()
    return function() return client:get_connector_by_id(pick(texts)) end
  end,
  function() return { pick(texts), pick(texts), pick(texts) } end,
  function() return nil end,
}
local level = 0
function value()
  level = level + 1
  local v = level < 5 and pick(makers)() or byte()
  level = level - 1
  return v
end

local methods = { "list_connectors", "create_connector", "get_connector_by_id", "update_connector", "delete_connector",
  "get_connector_install_base", "push_connector_update", "list_connector_licenses", "create_connector_license",
  "get_connector_license_by_id", "update_connector_license", "delete_connector_license", "install_connector",
  "preview_connector_install", "request", "submit", "step", "each_connector", "each_connector_license",
  "each_connector_install", "each", "pages", "map", "gather", "edit_connector", "edit_connector_license", "close" }
local others = { "done", "result", "wait", "cancel", "ready", "close", "has", "step", "rest", "ended", "nope" }

local function submit()
  local name = pick(methods)
  return keep(client:submit(name, value(), value()))
end

local steps = {
  function() -- a method
    local c = byte() % 4 == 0 and pick(pool) or client
    keep(c[pick(methods)](c, value(), value(), value()))
  end,
  function()
    keep(client:request { path = path(), method = pick { "GET", "POST" }, headers = { [pick(texts)] = "x" } })
  end,
  submit,
  submit,
  function() -- a method of whatever there is
    local v = pick(pool)
    keep(v[pick(others)](v, value()))
  end,
  function() -- an iterator, left after some records
    local f, a, b, walk = client:each { path = path(), prefetch = byte() % 2 == 0, limit = byte() + 1 }
    keep(f, walk)
    keep(f(a, b))
  end,
  function()
    local n = byte() % 8
    for record in client:pages { path = path(), timeout = 1 } do
      keep(record)
      n = n - 1
      if n < 0 then break end
      if depth < 3 then nested() end
    end
  end,
  function() keep(pick(pool)(value())) end,
  function() examine(pick(pool), 3) end,
  function() keep(celigo.json.decode(pick(texts) .. pick { "", "[", "{", "]" }), celigo.json.encode(value())) end,
  function() keep(celigo.timestamp(value()), celigo.parse_timestamp(value())) end,
  function() -- a client of the script's own
    keep(celigo.new { token = pick { "mine", nested, 7 }, base_url = url, max_retries = byte() % 3, retry_base = 0.001,
      rate_limit = pick { false, { rate = 1000 } }, on_event = byte() % 2 == 0 and nested or nil,
      max_response_bytes = pick { nil, 10, 1000 }, max_request_bytes = pick { nil, 10 }, timeout = 1 })
  end,
  function() -- a finaliser
    setmetatable({}, { __gc = function()
      look(tostring(pick(pool)))
      client:get_connector_by_id(pick(texts))
      local v = pick(pool)
      v[pick(others)](v)
    end })
  end,
  function() -- an object that comes back
    local o = { pick(pool), pick(pool) }
    setmetatable(o, { __gc = function(self) keep(self[1], self[2]) end })
  end,
  function() pool[byte() % 24 + 1] = false end,
  function() collectgarbage() end,
  function() collectgarbage "step" end,
  function() -- a coroutine, which may be left in the middle
    local co = coroutine.wrap(function()
      nested()
      coroutine.yield(pool[1])
      nested()
    end)
    keep(co, co())
  end,
  function() -- a client in a loop of the script's, which turns when it likes
    local own = celigo.new { token = "mine", base_url = url, timeout = 1, rate_limit = false }
    local function none() end
    local attach = loop.adapter("a loop", function(turn)
      keep(turn)
      return { watch = none, unwatch = none, timer = none, close = none, park = function()
        local thread = coroutine.running()
        return coroutine.yield, function() keep(pcall(coroutine.resume, thread)) end
      end }
    end)
    attach(own)
    keep(own)
    local next_record = own:each_connector { limit = 1 }
    for _ = 1, byte() % 4 do
      local thread = coroutine.create(pick {
        function() keep(own:list_connectors()) end,
        function() keep(next_record()) end,
        function() keep(own:submit("list_connectors"):wait()) end,
        function() keep(own:map({ 1, 2, 3 }, function() return own:list_connectors() end)) end,
      })
      keep(thread, coroutine.resume(thread))
    end
  end,
  function() -- goes on with a coroutine, whatever it waits for
    local thread = pick(pool)
    keep(coroutine.resume(thread, value()))
    if byte() % 4 == 0 then keep(coroutine.close(thread)) end
  end,
  function() -- a finaliser does
    local o = { pick(pool), pick(pool) }
    setmetatable(o, { __gc = function(self)
      for _, v in ipairs(self) do pcall(coroutine.resume, v) end
    end })
  end,
  function()
    local _ <close> = pick(pool)
    nested()
  end,
  function() keep(setmetatable(pick(pool), { __gc = nested, __index = nested })) end,
  function() keep(getmetatable(pick(pool))) end,
  function()
    local function list(id) return client:list_connectors(id) end
    keep(client:map({ pick(texts), pick(texts) }, pick { nested, list }))
  end,
  function() client:step(byte() / 25600) end,
  function() error(pick(pool), 0) end,
}

function step() keep(select(2, pcall(pick(steps)))) end

while at < #input do
  step()
  for i = #pool, 1, -1 do
    if pool[i] == false then table.remove(pool, i) end
  end
  if #pool == 0 then pool[1] = client end
end
