-- What goes on while the allocator refuses. Globals: celigo, client, url, silent, id;
-- the client outlives each scenario.

local scripts = {}

scripts.scenarios = {
  {
    name = "a client",
    run = function()
      local c <close> = celigo.new { token = "t", base_url = url, user_agent = "test", proxy = "" }
      assert(c)
    end,
  },
  {
    name = "a client and a call",
    run = function()
      local c <close> = celigo.new { token = "t", base_url = url }
      assert(c:get_connector_by_id(id))
    end,
  },
  { name = "a call", run = function() assert(client:get_connector_by_id(id)) end },
  {
    name = "a call with headers and a query",
    run = function() assert(client:get_connector_by_id(id, { headers = { A = "b" }, query = { c = "d" } })) end,
  },
  { name = "a write", run = function() assert(client:update_connector(id, { name = "n", settings = {} })) end },
  {
    name = "an edit",
    run = function()
      assert(client:edit_connector(id, function(record) record.name = "n" end))
    end,
  },
  {
    name = "a write that is refused before it is sent",
    run = function()
      local _, err = client:create_connector { name = 1 }
      assert(err.kind == "validation")
    end,
  },
  { name = "a list", run = function() assert(#client:list_connectors() > 2) end },
  { name = "a list of pages", run = function() assert(#client:list_connectors { limit = 1 } > 2) end },
  {
    name = "an error",
    run = function()
      local _, err = client:get_connector_by_id("none")
      assert(err.kind == "http" and #tostring(err) > 0)
    end,
  },
  {
    name = "a connection that is refused",
    run = function()
      local c <close> = celigo.new { token = "t", max_retries = 1, retry_base = 0, base_url = "http://127.0.0.1:1" }
      local _, err = c:list_connectors()
      assert(err.code == "connect_failed")
    end,
  },
  {
    name = "an iterator",
    run = function()
      local n = 0
      for c in client:each_connector { limit = 1 } do n = n + 1 end
      assert(n > 2)
    end,
  },
  {
    name = "pages",
    run = function()
      for page in client:pages { path = "/v1/connectors?limit=2" } do assert(#page > 0) end
    end,
  },
  {
    name = "a page that a finaliser ends while the next one takes over its headers",
    run = function()
      local core = require "celigo.core"
      local headers = { A = "1", B = "2", C = "3" }
      local page = core.fetch(client, "each", nil, { path = "/v1/connectors", headers = headers })
      core.start(page)
      while core.await(page) == "head" do end
      setmetatable({}, { __gc = function() page:cancel() end })
      assert(core.follow(page, "/v1/connectors?limit=1"))
    end,
  },
  {
    name = "a list whose client a finaliser closes between two pages",
    run = function()
      local c
      local function on_event(event)
        if event.type == "page" then setmetatable({}, { __gc = function() c:close() end }) end
      end
      c = celigo.new { token = "t", base_url = url, on_event = on_event }
      local list, err = c:list_connectors { limit = 1 }
      c:close()
      assert(list or err.kind == "closed")
    end,
  },
  {
    name = "map",
    run = function()
      local r, e = client:map({ id, id, id }, function(i) return assert(client:get_connector_by_id(i)) end)
      for _, v in pairs(e) do error(v, 0) end
      assert(#r == 3)
    end,
  },
  {
    name = "calls that are submitted",
    run = function()
      local a = client:submit("get_connector_by_id", id)
      local b = client:submit("list_connectors")
      while client:step(1) > 0 do end
      assert(a:result())
      assert(b:result())
    end,
  },
  {
    name = "events and a token function",
    run = function()
      local n = 0
      local c <close> =
        celigo.new { base_url = url, token = function() return "t" end, on_event = function() n = n + 1 end }
      assert(c:get_connector_by_id(id))
      assert(n == 2)
    end,
  },
  {
    name = "closing with calls under way",
    run = function()
      local c = celigo.new { token = "t", base_url = silent }
      local a = c:submit("list_connectors")
      c:step()
      c:close()
      local _, err = a:result()
      assert(err.kind == "closed")
    end,
  },
}

-- `client` is in use before each scenario.
function scripts.prepare(...)
  celigo, url, silent = ...
  client = celigo.new { token = "t", base_url = url, rate_limit = false }
  id = assert(client:list_connectors())[1]._id
end

-- What has to hold after each: nothing is under way, and a call works.
function scripts.afterwards()
  collectgarbage()
  assert(client:step() == 0, "a call is unfinished")
  assert(client:get_connector_by_id(id))
end

return scripts
