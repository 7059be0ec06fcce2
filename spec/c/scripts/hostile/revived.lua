-- Objects that finalisers bring back.

local kept
local mt = { __gc = function() end }
local function churn()
  for _ = 1, 3000 do setmetatable({}, mt) end
end
-- In small steps; Lua 5.5 has other names for them, and works in whole cycles here.
local SMALL <const> = _VERSION == "Lua 5.4"
if SMALL then collectgarbage("incremental", 100, 40, 1) end
for _ = 1, 10 do
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
    if not SMALL then collectgarbage() end
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
if SMALL then collectgarbage("incremental", 200, 100, 13) end
