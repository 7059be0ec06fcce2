-- client:map: many calls side by side, bounded, in order.

local celigo = require "celigo"
local nginx = require "spec.support.nginx"
local page_server = require "spec.support.page_server"
local sandbox = require "celigo.sandbox"

local function count_to(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

describe("map", function()
  local server, client

  setup(function() server = page_server.start() end)
  teardown(function() server:stop() end)

  local function new_client(options)
    options = options or {}
    options.base_url, options.token, options.timeout = options.base_url or server.url, "test", 10
    options.rate_limit, options.retry_base = false, 0.001
    return celigo.new(options)
  end

  before_each(function()
    server:reset()
    client = new_client()
  end)
  after_each(function()
    assert.equal(0, client:step())
    client:close()
  end)

  local function echo(i)
    return client:request { path = "/echo?i=" .. i }
  end

  local function meet(n)
    return client:request { path = "/meet?n=" .. n }
  end

  it("gives results in the order of the items", function()
    local results, errors = client:map(count_to(50), echo)
    assert.same({}, errors)
    assert.equal(50, #results)
    for i = 1, 50 do assert.equal("/echo?i=" .. i, results[i].target) end
  end)

  it("runs as many at a time as it is told, and no more", function()
    -- Four requests have to meet at the server for any of them to end.
    local _, errors = client:map(count_to(16), function() return meet(4) end, { concurrency = 4 })
    assert.same({}, errors)
    local running, most = 0, 0
    client:map(count_to(20), function(i)
      running = running + 1
      most = math.max(most, running)
      echo(i)
      running = running - 1
    end, { concurrency = 3 })
    assert.equal(3, most)
    assert.equal(4, server:state().busiest)
  end)

  it("does one after the other with concurrency = 1", function()
    local order = {}
    client:map({ "a", "b", "c" }, function(item)
      order[#order + 1] = item
      echo(item)
      order[#order + 1] = item
    end, { concurrency = 1 })
    assert.same({ "a", "a", "b", "b", "c", "c" }, order)
    assert.equal(1, server:state().busiest)
  end)

  it("takes an integer that is a float", function()
    local running, most = 0, 0
    client:map(count_to(6), function(i)
      running = running + 1
      most = math.max(most, running)
      echo(i)
      running = running - 1
    end, { concurrency = 2.0 })
    assert.equal(2, most)
  end)

  it("uses max_connections and never more", function()
    client:close()
    client = new_client { max_connections = 3 }
    local _, errors = client:map(count_to(12), function() return meet(3) end, { concurrency = 12 })
    assert.same({}, errors)
    assert.equal(3, server:state().peak)
  end)

  it("keeps what a function returns: false, nothing, tables", function()
    local results, errors = client:map({ 1, 2, 3, 4 }, function(i)
      if i == 1 then return false end
      if i == 2 then return nil end
      if i == 3 then return { i }, "more" end
    end)
    assert.same({ [1] = false, [3] = { 3 } }, results)
    assert.same({}, errors)
  end)

  it("puts errors at their items' positions and goes on with the others", function()
    local table_error = { mine = true }
    local results, errors = client:map(count_to(7), function(i)
      if i == 1 then error("text", 0) end
      if i == 2 then error(table_error) end
      if i == 3 then error(nil) end
      if i == 4 then return nil, "told" end
      if i == 5 then return client:get_connector_by_id("x", { max_retries = 0, timeout = 1e-3 }) end
      if i == 6 then error(false) end
      return echo(i)
    end)
    assert.equal("text", errors[1])
    assert.equal(table_error, errors[2])
    assert.is_string(errors[3])
    assert.equal("told", errors[4])
    assert.is_false(errors[6])
    assert.is_nil(errors[7])
    assert.equal("/echo?i=7", results[7].target)
    assert.is_nil(results[1])
  end)

  it("puts `closed` in the errors", function()
    client:close()
    local results, errors = client:map({ 1, 2 }, echo)
    assert.same({}, results)
    assert.equal("closed", errors[1].kind)
    assert.equal("closed", errors[2].kind)
  end)

  it("gives each running call `closed` when a worker closes the client", function()
    local results, errors = client:map({ 1, 2, 3 }, function(i)
      if i == 3 then client:close() end
      return client:request { path = "/list?stall=1&i=" .. i }
    end)
    assert.same({}, results)
    for i = 1, 3 do assert.equal("closed", errors[i].kind) end
  end)

  it("takes nothing, holes, and more workers than items", function()
    assert.same({ {}, {} }, { client:map({}, echo) })
    local seen = {}
    local items = setmetatable({ 1, nil, 3 }, { __len = function() return 3 end })
    local results = client:map(items, function(item)
      seen[#seen + 1] = item or "hole"
      return item or "hole"
    end, { concurrency = 100 })
    assert.same({ 1, "hole", 3 }, seen)
    assert.same({ 1, "hole", 3 }, results)
  end)

  it("tells of progress after every item, whether it waited or not", function()
    for _, f in ipairs { echo, function(i) return i end, function() error("no") end } do
      local told, done = {}, 0
      client:map(count_to(9), function(i)
        done = done + 1
        return f(i)
      end, {
        concurrency = 1,
        on_progress = function(n, total)
          assert.equal(9, total)
          assert.equal(n, done)
          told[#told + 1] = n
        end,
      })
      assert.same(count_to(9), told)
    end
  end)

  it("is cancelled by an error in on_progress", function()
    local closed = 0
    local good, err = pcall(client.map, client, count_to(100), function(i)
      local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
      if i == 1 then return echo(i) end
      for _ in client:each { path = "/list?pages=9&stall=2&i=" .. i } do end -- luacheck: ignore
    end, {
      concurrency = 4,
      on_progress = function() error({ enough = true }) end,
    })
    assert.is_false(good)
    assert.same({ enough = true }, err)
    assert.equal(4, closed)
    assert.equal(0, client:step())
    assert(echo "after")
    for _, target in ipairs(server:state().targets) do
      assert.matches("i=[1-4a]", target) -- the items after those were never begun
    end
  end)

  it("does nothing more when its coroutine is dropped", function()
    local begun, dropped = 0, nil
    local function begin()
      begun = 0
      dropped = coroutine.wrap(function()
        client:map(count_to(9), function() begun = begun + 1 end, {
          concurrency = 1,
          on_progress = coroutine.yield,
        })
      end)
      assert.equal(1, dropped())
    end
    local function drop()
      dropped = nil
      collectgarbage()
    end
    begin()
    drop()
    client:map(count_to(9), echo)
    assert.equal(1, begun)
    -- Within another map, when the worker of the first could go on just then.
    local _, errors = client:map({ "else", begin, drop }, function(f)
      if f ~= "else" then f() end
    end, { concurrency = 2, on_progress = function() end })
    assert.same({}, errors)
    assert.equal(1, begun)
  end)

  it("ends its calls when its coroutine is dropped", function()
    local dropped = coroutine.wrap(function()
      client:map({ 1, 2 }, function(i)
        return i == 1 and echo(1) or client:request { path = "/list?stall=1" }
      end, { on_progress = coroutine.yield })
    end)
    assert.equal(1, dropped())
    assert.equal(1, client:step())
    dropped = nil -- luacheck: ignore
    collectgarbage()
    assert.equal(0, client:step())
  end)

  it("leaves a call of the user's alone when it is cancelled", function()
    local call = client:submit("request", { path = "/list?stall=1" })
    local good = pcall(client.map, client, { 1, 2 }, function(i)
      return i == 1 and echo(1) or call:wait()
    end, { on_progress = error })
    assert.is_false(good)
    assert.is_false(call:done())
    server:release()
    assert.equal(2, #assert(call:wait()))
  end)

  it("runs iterators side by side, more than there are connections", function()
    for _, connections in ipairs { 1, 2, 3 } do
      client:close()
      server:reset()
      client = new_client { max_connections = connections }
      local results, errors = client:map(count_to(40), function(i)
        local n = 0
        for record in client:each { path = "/list?pages=5&size=3&i=" .. i } do
          n = n + 1
          assert(record.n == n)
          if n % 5 == 0 then assert(echo(n)) end
        end
        return n
      end, { concurrency = 20 })
      assert.same({}, errors)
      for i = 1, 40 do assert.equal(15, results[i]) end
      assert.equal(connections, server:state().peak)
      assert.equal(40 * 8, #server:state().targets)
    end
  end)

  it("lets workers share one iterator: each record goes to one of them", function()
    for _, prefetch in ipairs { true, false } do
      local next_record = client:each { path = "/list?pages=10&size=3", prefetch = prefetch }
      local seen = {}
      local _, errors = client:map(count_to(4), function()
        for record in next_record do
          seen[record.n] = (seen[record.n] or 0) + 1
          echo(record.n)
        end
      end)
      assert.same({}, errors)
      assert.equal(30, #seen)
      for i = 1, 30 do assert.equal(1, seen[i]) end
      local next_page, pages = client:pages { path = "/list?pages=10", prefetch = prefetch }, 0
      client:map(count_to(4), function()
        for _ in next_page do pages = pages + 1 end
      end)
      assert.equal(10, pages)
    end
  end)

  -- Lua's work outside of the workers, in instructions: no clock is looked at.
  it("costs the same for each call, however many wait", function()
    local function work(n)
      local hundreds = 0
      local items = count_to(n)
      debug.sethook(function() hundreds = hundreds + 1 end, "", 100)
      local results = client:map(items, echo, { concurrency = n })
      debug.sethook()
      assert.equal(n, #results)
      return hundreds / n
    end
    local few = work(100)
    local many = work(2000)
    assert.is_true(many < 2 * few, ("%g and %g hundred instructions"):format(few, many))
  end)

  it("can be nested, in gather too", function()
    local results, errors = client:map(count_to(4), function(i)
      local inner, inner_errors = client:map(count_to(5), function(j) return echo(i * 10 + j).target end, {
        concurrency = 2,
        on_progress = function() end,
      })
      assert.same({}, inner_errors)
      local a, b = client:gather(function() return echo "a" end, function() return echo "b" end)
      assert.equal("/echo?i=a", a.target)
      assert.equal("/echo?i=b", b.target)
      return inner
    end, { concurrency = 3 })
    assert.same({}, errors)
    for i = 1, 4 do
      for j = 1, 5 do assert.equal("/echo?i=" .. i * 10 + j, results[i][j]) end
    end
  end)

  it("survives a nested map that is cancelled", function()
    local results, errors = client:map(count_to(6), function(i)
      if i % 2 == 0 then return echo(i) end
      client:map(count_to(5), echo, { on_progress = function() error("enough", 0) end })
    end)
    for i = 1, 6 do
      assert.equal(i % 2 == 0, results[i] ~= nil)
      assert.equal(i % 2 == 1 and "enough" or nil, errors[i])
    end
  end)

  it("blocks in a coroutine of the user's, within and without", function()
    local results = client:map({ 1, 2 }, function(i)
      local thread = coroutine.wrap(function()
        local first = echo(i).target
        coroutine.yield(first)
        return first .. echo(i * 10).target
      end)
      thread()
      return thread()
    end)
    assert.same({ "/echo?i=1/echo?i=10", "/echo?i=2/echo?i=20" }, results)
    local outer = coroutine.wrap(function() return (client:map({ 1, 2 }, echo)) end)
    assert.equal("/echo?i=2", outer()[2].target)
  end)

  it("works from where no yield can pass", function()
    local results, errors = client:map({ 1, 2, 3 }, function(i)
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b)
        assert(echo(i))
        return a < b
      end)
      return list
    end)
    assert.same({}, errors)
    assert.same({ 1, 2, 3 }, results[3])
  end)

  it("turns a function that yields by itself into an error", function()
    local results, errors = client:map(count_to(5000), function(i)
      if i % 2 == 1 then
        coroutine.yield(i)
      elseif i == 4 then
        coroutine.yield()
      end
      return i
    end)
    for i = 1, 5000 do
      local strays = i % 2 == 1 or i == 4
      assert(strays == (type(errors[i]) == "string"))
      assert((not strays) == (results[i] == i))
    end
  end)

  it("lets a worker use another client, and that client's map", function()
    local second <close> = new_client()
    local results, errors = client:map(count_to(6), function(i)
      local mine = echo(i).target
      local theirs = assert(second:request { path = "/echo?j=" .. i }).target
      local inner = second:map({ 1, 2 }, function(j) return echo(j).target end)
      return mine .. theirs .. #inner
    end)
    assert.same({}, errors)
    assert.equal("/echo?i=6/echo?j=62", results[6])
  end)

  it("edits records side by side", function()
    local box <close> = sandbox.start {}
    local editor <close> = celigo.new { base_url = box.url, token = box.token }
    local ids = {}
    for i = 1, 6 do ids[i] = assert(editor:create_connector { name = "connector " .. i })._id end
    local results, errors = editor:map(ids, function(id)
      return editor:edit_connector(id, function(connector) connector.published = true end)
    end)
    assert.same({}, errors)
    for i = 1, 6 do
      assert.equal("connector " .. i, results[i].name)
      assert.is_true(results[i].published)
    end
  end)

  it("checks its arguments", function()
    local function refused(pattern, ...)
      local good, message = pcall(client.map, client, ...)
      assert.is_false(good)
      assert.matches(pattern, message)
    end
    refused("items", nil, echo)
    refused("function", {})
    refused("concurrency", {}, echo, { concurrency = 0 })
    refused("concurrency", {}, echo, { concurrency = 1.5 })
    refused("concurrency", {}, echo, { concurrency = math.huge })
    refused("concurrency", {}, echo, { concurrency = "2" })
    refused("on_progress", {}, echo, { on_progress = 1 })
    refused("did you mean 'concurrency'", {}, echo, { concurency = 1 })
    refused("unknown option 'threads'; there are: concurrency, on_progress", {}, echo, { threads = 1 })
    refused("options", {}, echo, 5)
  end)

  it("shares one connection over HTTP/2", function()
    local front <close> = nginx.start {
      tls = "good",
      http2 = true,
      upstream = server.url,
      server = 'location /connection { return 200 "{\\"number\\":$connection}"; }',
      location = "proxy_buffering off; postpone_output 0;",
    }
    local secure <close> = celigo.new {
      base_url = front.url,
      ca_file = front.ca_file,
      token = "test",
      timeout = 60,
      connect_timeout = 60,
      max_connections = 1,
    }
    -- Ten requests have to meet behind nginx for any of them to end.
    local results, errors = secure:map(count_to(20), function()
      assert(secure:request { path = "/meet?n=10" })
      return assert(secure:request { path = "/connection" }).number
    end, { concurrency = 10 })
    assert.same({}, errors)
    for i = 2, 20 do assert.equal(results[1], results[i]) end
    local walked = secure:map(count_to(10), function(i)
      local n = 0
      for _ in secure:each { path = "/list?pages=4&hold=1&i=" .. i } do n = n + 1 end
      return n
    end, { concurrency = 10 })
    for i = 1, 10 do assert.equal(8, walked[i]) end
  end)

  it("keeps to max_connections over TLS without HTTP/2", function()
    local front <close> = nginx.start { tls = "good", upstream = server.url }
    local secure <close> = celigo.new {
      base_url = front.url,
      ca_file = front.ca_file,
      token = "test",
      timeout = 20,
      max_connections = 2,
    }
    local results, errors = secure:map(count_to(12), function(i)
      local n = 0
      for _ in secure:each { path = "/list?pages=4&i=" .. i } do
        n = n + 1
        assert(secure:request { path = "/echo" })
      end
      return n
    end, { concurrency = 12 })
    assert.same({}, errors)
    for i = 1, 12 do assert.equal(8, results[i]) end
    assert.is_true(server:state().busiest <= 2)
  end)
end)
