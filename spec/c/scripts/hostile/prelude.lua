-- For the hostile scripts, which have a client of the host's (`client`), all of
-- Lua's libraries and look(), which knows the token when it sees it. `objects`
-- makes one of every kind that a script can get hold of; `each_value` goes
-- through all that it can reach.

id = assert(client:list_connectors())[1]._id
junk = { false, 0, -1, 1e300, "x", {}, math.abs, io.stdout, coroutine.create(math.abs), coroutine.running() }
function objects()
  local list = {
    client = client,
    call = client:submit("get_connector_by_id", id),
    list = client:submit("list_connectors", { limit = 1 }),
  }
  local _
  list.next, _, _, list.walk = client:each_connector { limit = 1 }
  list.next()
  list.page, _, _, list.pages = client:pages { path = "/v1/connectors", limit = 1 }
  list.page()
  list.cursor = list.walk.cursor
  list.page_call = list.walk.call
  list.ahead = list.walk.prefetched
  return list
end
function use(list)
  collectgarbage()
  for _ = 1, 3 do
    for name in pairs(list) do
      pcall(tostring, list[name])
      for _, method in ipairs { "step", "done", "ready", "result", "rest", "ended", "wait", "cancel", "close" } do
        if not (name == "client" and method == "close") then
          pcall(function() return list[name][method](list[name]) end)
        end
      end
    end
    if list.next then pcall(list.next) end
    if list.page then pcall(list.page) end
    pcall(client.get_connector_by_id, client, id)
    pcall(client.list_connectors, client, { limit = 1 })
    pcall(client.map, client, { id }, function(x) return client:get_connector_by_id(x) end)
    collectgarbage()
  end
end
function each_value(visit)
  local done, todo = {}, {}
  done[done], done[todo] = true, true
  local function add(v)
    if v == nil or v ~= v or done[v] then return end
    done[v] = true
    todo[#todo + 1] = v
    visit(v)
  end
  add(_G)
  add(debug.getregistry())
  add(coroutine.running())
  add(getmetatable "")
  while #todo > 0 do
    local v = table.remove(todo)
    add(debug.getmetatable(v))
    if type(v) == "table" then
      for k, x in next, v do
        add(k)
        add(x)
      end
    elseif type(v) == "function" then
      for i = 1, 255 do
        local name, x = debug.getupvalue(v, i)
        if not name then break end
        add(x)
      end
      local good, code = pcall(string.dump, v)
      if good then add(code) end
    elseif type(v) == "userdata" then
      for i = 1, 300 do add((debug.getuservalue(v, i))) end
      add(tostring(v))
    elseif type(v) == "thread" then
      for level = 0, 50 do
        local info = debug.getinfo(v, level, "f")
        if not info then break end
        add(info.func)
        for i = -20, 200 do
          local _, x = debug.getlocal(v, level, i)
          add(x)
        end
      end
    end
  end
end
function look_everywhere()
  each_value(function(v)
    if type(v) == "string" then look(v) end
  end)
end
