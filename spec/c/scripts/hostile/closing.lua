-- Finalisers that use the library while the state closes: Lua calls no
-- finaliser of what they make.

local function at_the_end(f)
  setmetatable({}, { __gc = function() pcall(f) end })
end
local function fail() error "no" end
local busy = celigo.new { token = "mine-0123456", base_url = url, on_event = fail }
local rude = celigo.new { token = fail, base_url = url }
local id = assert(client:list_connectors())[1]._id
local kept = {}
local function keep(...)
  kept[#kept + 1] = table.pack(...)
  return ...
end

-- A coroutine that waits for a call, and the same in an iterator, in an event
-- loop that never runs.
local none = function() end
local attach = require("celigo.loop").adapter("none", function()
  return { watch = none, unwatch = none, timer = none, close = none,
    park = function() return coroutine.yield, none end }
end)
local function adrift()
  local mine = attach(celigo.new { token = "mine-0123456", base_url = url })
  local thread = coroutine.create(function()
    mine:list_connectors()
  end)
  assert(coroutine.resume(thread))
  return thread
end
local function astray()
  local mine = attach(celigo.new { token = "mine-0123456", base_url = url })
  local thread = coroutine.create(function()
    for record in mine:each_connector { limit = 1 } do keep(record) end
  end)
  assert(coroutine.resume(thread))
  return thread
end

for _ = 1, 2 do
  at_the_end(function() client:get_connector_by_id(id) end)
  at_the_end(function() client:list_connectors() end)
  at_the_end(function() client:list_connectors { limit = 1 } end)
  at_the_end(function() client:get_connector_by_id "ffffffffffffffffffffffff" end)
  at_the_end(function() client:request { path = "/v1/connectors" } end)
  at_the_end(function() client:request { path = "no path" } end)
  at_the_end(function() client:list_connectors { query = { a = {} } } end)
  at_the_end(function() client:list_connectors { headers = { a = "b", c = "\n" } } end)
  at_the_end(function() client:create_connector { name = print } end)
  at_the_end(function() client:create_connector({ name = "n" }, { dry_run = true }) end)
  at_the_end(function() client:list_connectors { timeout = 0.001 } end)
  at_the_end(function() busy:list_connectors() end)
  at_the_end(function() rude:list_connectors() end)
  at_the_end(function()
    client:map({ id, id }, function(x) return client:get_connector_by_id(x) end)
  end)
  -- Submitted calls: queued, sent, done, dropped.
  at_the_end(function() keep(client:submit("get_connector_by_id", id)) end)
  at_the_end(function()
    keep(client:submit("list_connectors", { limit = 1 }))
    client:step(0.01)
  end)
  at_the_end(function() assert(keep(client:submit("list_connectors")):wait()) end)
  at_the_end(function() client:submit("request", { path = "/v1/connectors" }) end)
  -- Iterators: not begun, in the middle with the next page under way, at the end.
  at_the_end(function() keep(client:each_connector()) end)
  at_the_end(function()
    local f, a, b = keep(client:each_connector { limit = 1 })
    keep(f(a, b))
  end)
  at_the_end(function()
    for page in client:pages { path = "/v1/connectors", limit = 1 } do
      keep(page)
      client:close()
    end
  end)
  -- Clients: unused, in use, with a call under way, closed.
  at_the_end(function() keep(celigo.new { token = "mine-0123456", base_url = url }) end)
  at_the_end(function()
    local mine = keep(celigo.new { token = "mine-0123456", base_url = url })
    assert(mine:list_connectors())
    keep(mine:submit("list_connectors"))
    mine:step()
    keep(mine:each_connector { limit = 1 })()
  end)
  at_the_end(function() celigo.new { token = "mine-0123456", base_url = url }:close() end)
  at_the_end(function() celigo.new { token = "mine-0123456", base_url = url, ca_file = "/" } end)
  -- Coroutines that wait in a loop, and are resumed when their call is gone.
  for _, strand in ipairs { adrift, astray } do
    local stranded = setmetatable({}, { __gc = function(self)
      for _, thread in ipairs(self) do pcall(coroutine.resume, thread) end
    end })
    stranded[1] = strand()
    keep(strand())
  end
  -- A coroutine that waits, and is left; a long text that ends in an error.
  at_the_end(function()
    local mine = celigo.new { token = "mine-0123456", base_url = url }
    local thread = coroutine.create(function()
      mine:map({ id }, function(x)
        keep(mine:submit("get_connector_by_id", x))
        error "enough"
      end, { on_progress = fail })
    end)
    coroutine.resume(thread)
    keep(thread)
  end)
  at_the_end(function()
    celigo.json.encode(setmetatable({ ("x"):rep(100000) }, { __index = fail, __len = fail }))
    celigo.json.encode { ("x"):rep(100000), print }
  end)
end

-- What is older than the library is finalised last, when nothing can be made
-- any more.
older[1] = function()
  for _, values in ipairs(kept) do
    for i = 1, values.n do
      local v = values[i]
      if type(v) == "userdata" then
        assert(not pcall(function() return v:close() end))
        assert(not pcall(function() return v:wait() end))
        pcall(tostring, v)
      elseif type(v) == "thread" then
        pcall(coroutine.resume, v)
      elseif type(v) == "function" then
        pcall(v)
      end
    end
  end
  local good, err = pcall(celigo.new, { token = "mine-0123456", base_url = url })
  assert(not good and tostring(err):find("the Lua state is closing", 1, true), err)
  assert(not pcall(client.list_connectors, client))
  assert(not pcall(celigo.json.encode, { ("x"):rep(100000) }))
  told()
end
