-- Ends in callbacks.

for _, way in ipairs { "client", "call", "cancel", "drop", "walk" } do
  for _, when in ipairs { "request", "response", "page" } do
    local mine, call, walk
    mine = celigo.new {
      token = "mine-0123456", base_url = url,
      on_event = function(event)
        if event.type ~= when then return end
        if way == "client" then
          mine:close()
        elseif call and way == "call" then
          local _ <close> = call
        elseif call and way == "cancel" then
          call:cancel()
        elseif way == "drop" then
          call = nil
        elseif walk and way == "walk" then
          walk:close()
        end
        collectgarbage()
      end,
    }
    call = mine:submit("list_connectors", { limit = 1 })
    for _ = 1, 50 do -- while there is something to step for
      local stepped = pcall(mine.step, mine, 0.01)
      if not stepped or not call or select(2, pcall(call.done, call)) == true then break end
    end
    if call then
      pcall(call.wait, call)
      pcall(call.result, call)
    end
    pcall(mine.list_connectors, mine)
    pcall(function()
      local f, _
      f, _, _, walk = mine:each_connector { limit = 1 }
      for _ in f, nil, nil, walk do end
    end)
    call, mine, walk = nil, nil, nil
    collectgarbage()
    collectgarbage()
  end
end
