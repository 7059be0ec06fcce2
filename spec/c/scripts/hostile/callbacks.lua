-- Finalisers and ends in callbacks.

local mt = debug.getmetatable
for _, way in ipairs { "client", "call", "close", "owner", "uservalue" } do
  for _, when in ipairs { "request", "response", "page" } do
    local mine, call
    mine = celigo.new {
      token = "mine-0123456",
      base_url = url,
      on_event = function(event)
        if event.type ~= when then return end
        if way == "client" then
          mt(mine).__gc(mine)
        elseif way == "close" then
          mine:close()
        elseif call and way == "call" then
          mt(call).__gc(call)
        elseif call and way == "owner" then
          debug.setuservalue(call, nil, 1)
          debug.setuservalue(mine, nil, 1)
        elseif call then
          debug.setuservalue(call, nil, 2)
          debug.setuservalue(mine, nil, 3)
        end
        collectgarbage()
      end,
    }
    call = mine:submit("list_connectors", { limit = 1 })
    for _ = 1, 50 do pcall(mine.step, mine, 0.01) end
    pcall(call.wait, call)
    pcall(call.result, call)
    pcall(mine.list_connectors, mine)
    pcall(function()
      for _ in mine:each_connector { limit = 1 } do end
    end)
    call, mine = nil, nil
    collectgarbage()
    collectgarbage()
  end
end
