-- Objects that finalisers bring back.

local kept
local mt = { __gc = function() end }
local function churn()
  for _ = 1, 3000 do setmetatable({}, mt) end
end
-- The collector, in small steps; Lua 5.5 has other names and units for them.
local function set_collector(pause, multiplier, size)
  if _VERSION == "Lua 5.4" then
    collectgarbage("incremental", pause, multiplier, size)
  else
    collectgarbage "incremental"
    collectgarbage("param", "pause", pause)
    collectgarbage("param", "stepmul", 10 * multiplier)
    collectgarbage("param", "stepsize", 1 << size)
  end
end
set_collector(100, 40, 1)
for _ = 1, 20 do
  do
    local calls = {}
    for i = 1, 20 do
      calls[i] = client:submit("list_connectors")
      calls[i]:cancel()
    end
    calls.mine = celigo.new { token = "mine-0123456", base_url = url }
    calls.next = client:each_connector { limit = 1 }
    setmetatable(calls, { __gc = function(self) kept = self end })
  end
  repeat
    churn()
  until kept
  for _, c in ipairs(kept) do
    churn()
    pcall(c.result, c)
    pcall(c.done, c)
    assert(not pcall(c.wait, c))
  end
  pcall(kept.mine.submit, kept.mine, "list_connectors")
  pcall(kept.mine.list_connectors, kept.mine)
  pcall(kept.next)
  churn()
  pcall(kept.next)
  kept = nil
end
set_collector(200, 100, 13)
